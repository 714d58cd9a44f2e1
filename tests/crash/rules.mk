# What a crash, a power cut or a wrong bit does to a store.
CRASH := $(addprefix $(OUT)/tests/crash/,bitrot deeds record.so)
$(OUT)/tests/crash/record.so: tests/crash/record.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -shared -o $@ $<
$(OUT)/tests/crash/%: $(OUT)/tests/crash/%.o $(OUT)/tests/crash/answer.o $(TEST_LIB) $(OUT)/libgolmok.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $$(pkg-config --libs cmocka)

crash-tools: $(CRASH)
bitrot: $(CRASH) ## turn over single bits of a store; FLIPS=10000 SEED=1
	@$(OUT)/tests/crash/bitrot $(or $(FLIPS),10000) $(or $(SEED),1)

crash: crash-tools ## what a crash could leave, from a recorded trace; IMAGES=10000 SEED=1
	@perl tests/crash/images.pl $(OUT)/tests/crash $(or $(IMAGES),10000) $(or $(SEED),1)
powercut: all ## cut the power of a virtual machine; CUTS=20 DROPS=3
	@sh .ci/deps powercut
	@perl tests/crash/powercut.pl $(CURDIR)/$(OUT)/golmok $(CURDIR)/build/powercut $(or $(CUTS),20) $(or $(DROPS),3) $(or $(SEED),1)

.PHONY: crash-tools bitrot crash powercut
-include $(wildcard $(OUT)/tests/crash/*.d)
