#!/bin/sh
# Takes out of an installed bot what it never reads, so that its image is small: slim.sh /opt/pinxit
set -eu

for packages in "$1"/lib/python3*/site-packages; do
    # Of a thousand locales, those of the languages that Pinxit speaks.
    find "$packages/babel/locale-data" -name '*.dat' \
        ! -name 'root.dat' ! -name 'en*' ! -name 'ru*' ! -name 'zh*' -delete
    # The embedded model draws in the generator's container; here its LoRAs' names and its sizes are enough.
    rm -f "$packages"/generator/embedded/weights/*/*.safetensors
    # Names that only debuggers read.
    find "$packages" -type f -name '*.so*' -exec strip --strip-unneeded {} +
done
