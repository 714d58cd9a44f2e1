#!/bin/sh
# Runs cmocka programs one after another: run.sh PROGRAM...
# Prints what failed; ends with status 1 if anything did.
status=0
for program in "$@"; do
	if out=$(CMOCKA_MESSAGE_OUTPUT=TAP "$program" 2>&1); then
		echo "ok $(basename "$program") $(printf '%s\n' "$out" | grep -c '^ok ')"
	else
		printf '%s\n' "$out"
		echo "not ok $(basename "$program")"
		status=1
	fi
done
exit $status
