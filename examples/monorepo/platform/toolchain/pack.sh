#!/bin/sh
# pack FOLDER FILE: all files of a folder in one
set -eu
tar -cf "$2" -C "$1" .
