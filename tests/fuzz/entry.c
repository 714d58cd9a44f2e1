/*
 * What libFuzzer calls.  Each program that is fuzzed has one target, which the
 * linker names fuzz_target.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem.h"
#include "tests/fuzz/targets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
void fuzz_target(struct bytes in);

/* Inputs that fail would be written to where it was called from, with nothing
 * to tell whose they are: unless told otherwise, they lie beside the program
 * and have its name in front. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char option[] = "-artifact_prefix=";
	static char prefix[4096];
	char self[2048] = "";
	char **said = *argv;
	char **all;

	for (int i = 1; i < *argc; i++) {
		if (strncmp(said[i], option, sizeof(option) - 1) == 0)
			return 0;
	}
	assert(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	(void)snprintf(prefix, sizeof(prefix), "%s%s-", option, self);
	/* First, so that what comes behind -ignore_remaining_args stays so.  It
	 * lives as long as the process. */
	all = mem_zeros((size_t)*argc + 2, sizeof(*all));
	all[0] = said[0];
	all[1] = prefix;
	memcpy(all + 2, said + 1, (size_t)*argc * sizeof(*all));
	(*argc)++;
	*argv = all;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	fuzz_target(bytes_of(p, n));
	return 0;
}
