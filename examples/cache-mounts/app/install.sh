#!/bin/sh
# Installs the packages that packages.txt lists. What is in the cache with the right checksum is not downloaded again.
set -eu
index=$1
cache=/var/cache/packages

wget -q -O /build/index "$index/index"
while read -r name; do
    sum=$(sed -n "s/^\([0-9a-f]*\)  $name\$/\1/p" /build/index)
    [ -n "$sum" ] || { echo "no package $name" >&2; exit 1; }
    if ! echo "$sum  $cache/$name" | sha256sum -c -s; then
        echo "downloading $name"
        wget -q -O "$cache/$name.part" "$index/packages/$name"
        echo "$sum  $cache/$name.part" | sha256sum -c -s
        mv "$cache/$name.part" "$cache/$name"
    fi
    tar -x -z -f "$cache/$name" -C /
done < /build/packages.txt
rm -r /build
