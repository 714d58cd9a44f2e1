/*
 * What libFuzzer calls.  Each program that is fuzzed has one target, which the
 * linker names fuzz_target.
 */
#include <stdlib.h>

#include "tests/fuzz/targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
void fuzz_target(struct bytes in);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	fuzz_target(bytes_of(p, n));
	return 0;
}
