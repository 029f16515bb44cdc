# syntax=docker/dockerfile:1
# The generator: torch and the model, nothing of the chats. One container for each card.
#
#   docker build -f deploy/generator.Dockerfile -t pinxit-generator .
#   docker build -f deploy/generator.Dockerfile -t pinxit-generator:cpu \
#       --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu .
#   … --build-arg EXTRAS=generator,ray          for Ray Serve
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
# torch from here brings the CUDA libraries that it needs; only the driver is the machine's own.
ARG TORCH_INDEX=https://pypi.org/simple
ARG EXTRAS=generator
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt
WORKDIR /src
RUN python -m venv --without-pip /opt/pinxit
COPY constraints.txt ./
RUN python -m pip --python /opt/pinxit/bin/python install --extra-index-url "${TORCH_INDEX}" torch
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY storage storage
COPY generator generator
RUN python -m pip --python /opt/pinxit/bin/python install --extra-index-url "${TORCH_INDEX}" ".[${EXTRAS}]"

FROM python:${PYTHON}
# Triton builds some lines of C when it first meets a card; without, nothing is compiled and drawing is slower.
# Debian keeps only its latest compiler, so a pinned one could not be installed for long.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 pinxit \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin pinxit \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/pinxit /opt/pinxit
ENV PATH=/opt/pinxit/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV PINXIT_DATA=/data HF_HOME=/data/huggingface PINXIT_LOG_FORMAT=json
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8400
STOPSIGNAL SIGTERM
# Alive is not ready: while a model loads, the generator says so, and nothing is sent to it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8400), 4).close()"]
ENTRYPOINT ["pinxit"]
CMD ["generator", "--listen", "0.0.0.0:8400"]
