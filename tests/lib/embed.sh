#!/bin/sh
# Makes of a data file a C file with its bytes: embed.sh FILE OUT.c
set -eu
name=$(basename "$1" | sed 's/\.[a-z]*$//; s/[^a-z0-9]/_/g')
{
	echo "#include <stddef.h>"
	echo "extern const unsigned char embed_$name[];"
	echo "extern const size_t embed_${name}_size;"
	echo "const unsigned char embed_$name[] = {"
	od -An -v -tu1 "$1" | sed 's/\([0-9][0-9]*\)/\1,/g'
	echo "0};"
	echo "const size_t embed_${name}_size = sizeof(embed_$name) - 1;"
} >"$2"
