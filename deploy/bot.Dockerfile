# syntax=docker/dockerfile:1
# The bot: chats, web page, HTTP API, queue. No torch; it is given a generator by PINXIT_GENERATOR_URL.
#
#   docker build -f deploy/bot.Dockerfile -t pinxit-bot .
ARG PYTHON=3.11.14

FROM python:${PYTHON}-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt
WORKDIR /src
RUN python -m venv --without-pip /opt/pinxit
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY bot bot
COPY storage storage
COPY generator generator
COPY deploy/slim.sh ./
RUN python -m pip --python /opt/pinxit/bin/python install . && ./slim.sh /opt/pinxit

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --gid 10001 pinxit \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin pinxit \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/pinxit /opt/pinxit
ENV PATH=/opt/pinxit/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV PINXIT_DATA=/data PINXIT_HOST=0.0.0.0 PINXIT_PORT=8000 PINXIT_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["pinxit"]
CMD ["run"]
