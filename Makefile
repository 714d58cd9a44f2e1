# golmok: one Makefile.  `make help` lists what it can do.
BUILD ?= release
PREFIX ?= /usr/local
CC = gcc
OUT = build/$(CC)-$(BUILD)
comma := ,

# Asked at the first use and then kept: on a new machine `deps` has installed them by that time.
MSGPACK = $(shell pkg-config --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
PACKAGES = lmdb libuv $(MSGPACK) libsodium libcrypto libzstd jansson libutf8proc libxxhash libqrencode libgfshare
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wswitch -Wdate-time -Werror
MODE_debug := -O1 -g
MODE_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_fuzz := $(MODE_asan) -fsanitize=fuzzer-no-link
MODE_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
MODE_cov := -O1 -g -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc -Wno-error
MODE_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
$(if $(MODE_$(BUILD)),,$(error BUILD=$(BUILD) is none of debug, asan, fuzz, tsan, cov, release))
CFLAGS = -std=c17 $(WARN) $(MODE_$(BUILD)) -fPIE -I. -D_POSIX_C_SOURCE=200809L -ffile-prefix-map=$(CURDIR)=. \
	$(PACKAGE_CFLAGS)
LDFLAGS := $(MODE_$(BUILD)) -pie -Wl,-z,relro,-z,now
LDLIBS = $(PACKAGE_LIBS) -pthread

SOURCES := $(sort $(wildcard proto/*.c core/*.c net/*.c net/peer/*.c cli/*.c))
LIB_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(filter-out cli/main.c,$(SOURCES)))
TEST_LIB := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/lib/*.c)))
UNITS := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/unit/test_*.c)))
SIM_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/sim/*.c)) tests/lib/prng.c tests/lib/tempdir.c)
EMBEDDED := $(sort $(wildcard proto/packs/*.json proto/packs/*.dict proto/packs/maps/*.json cli/*.tsv))
EMBED_OBJECTS := $(patsubst %,$(OUT)/%.o,$(EMBEDDED))

all: $(OUT)/golmok ## build the program as build/golmok
	@ln -sfn $(notdir $(OUT))/golmok build/golmok

$(OUT)/golmok: $(OUT)/cli/main.o $(OUT)/libgolmok.a
	@echo "  ld $@"; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/libgolmok.a: $(LIB_OBJECTS) $(EMBED_OBJECTS)
	@rm -f $@
	@ar rcsD $@ $^
objects: $(LIB_OBJECTS) $(EMBED_OBJECTS) $(patsubst %.c,$(OUT)/%.o,$(wildcard cli/main.c)) ## compile, link nothing

$(OUT)/%.o: %.c | deps
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# A data file becomes the bytes `embed_NAME` with their length `embed_NAME_size`.
$(EMBED_OBJECTS): $(OUT)/%.o: % tests/lib/embed.sh | deps
	@mkdir -p $(@D)
	@sh tests/lib/embed.sh $< $(@:.o=.c)
	@$(CC) $(CFLAGS) -c -o $@ $(@:.o=.c)

# What else a test wants of the linker stands in its source behind "LINK:".
$(OUT)/tests/%: $(OUT)/tests/%.o $(TEST_LIB) $(OUT)/libgolmok.a
	@$(CC) $(LDFLAGS) -o $@ $^ $$(sed -n 's/.*LINK: //p' tests/$*.c) $(LDLIBS) $$(pkg-config --libs cmocka)

unit: $(if $(T),$(OUT)/tests/unit/test_$(T),$(UNITS)) ## build and run the unit tests; T=name for one
	@perl tests/lib/run.pl $(if $(T),$(OUT)/tests/unit/test_$(T),$(UNITS))

units: $(UNITS)

$(OUT)/tests/sim/sim: $(SIM_OBJECTS) $(OUT)/libgolmok.a
	@echo "  ld $@"; $(CC) $(LDFLAGS) -o $@ $^ $$(sed -n 's/.*LINK: //p' tests/sim/wrap.c) $(LDLIBS)
simulator: $(OUT)/tests/sim/sim
sim: simulator ## run a city under a seed; SEED=1 NODES=6 STEPS=3000 SKIP=4-7,9 WITHOUT=crash,disk, BREAK=rule
	@$(OUT)/tests/sim/sim $(or $(SEED),1) $(or $(NODES),6) $(or $(STEPS),3000) $(if $(SKIP),--skip $(SKIP)) \
	    $(if $(WITHOUT),--without $(WITHOUT)) $(if $(BREAK),--break $(BREAK))

# What the store calls is written down on its way (tests/bench/tape.h).
BENCH := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/bench/*.c)))
WRAPPED := mdb_get mdb_put mdb_del mdb_cursor_open mdb_cursor_get mdb_cursor_close mdb_txn_commit \
	SHA256_Init SHA256_Update SHA256_Final crypto_generichash crypto_sign_detached crypto_sign_verify_detached \
	$(addprefix crypto_aead_chacha20poly1305_ietf_,encrypt decrypt)
$(OUT)/tests/bench/bench: $(BENCH) $(OUT)/tests/lib/crowd.o $(OUT)/tests/lib/tempdir.o $(OUT)/tests/lib/prng.o $(OUT)/libgolmok.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(addprefix -Wl$(comma)--wrap=,$(WRAPPED)) $(LDLIBS)
bench: $(OUT)/tests/bench/bench $(OUT)/golmok ## measure; FULL=1 all 424 centres, ROW=merge one part
	@FULL=$(FULL) GOLMOK=$(OUT)/golmok $(OUT)/tests/bench/bench $(ROW)

# Beside stores that others use: npm packages, and SQLite.
PEERS_BENCH := $(addprefix $(OUT)/tests/bench/peers/,golmok sqlite)
$(PEERS_BENCH): $(OUT)/tests/bench/row.o
$(OUT)/tests/bench/peers/sqlite.o: | peers-deps

# What a crash could leave is made from what this writes down in front of libc.
$(OUT)/tests/crash/record.so: tests/crash/record.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -shared -o $@ $<
CRASH := $(addprefix $(OUT)/tests/crash/,bitrot deeds record.so)
$(OUT)/tests/crash/bitrot $(OUT)/tests/crash/deeds: $(OUT)/tests/crash/answer.o

# Fuzzing: one program a target, with libFuzzer; or all in one, for replay alone.
FUZZ_TARGETS := $(patsubst tests/fuzz/target_%.c,%,$(sort $(wildcard tests/fuzz/target_*.c)))
FUZZ_OBJECTS = $(patsubst %,$(OUT)/tests/fuzz/%.o,cost disk fuzz stage forge forge_msg) $(TEST_LIB) $(OUT)/libgolmok.a
FUZZ_LINK = $$(sed -n 's/.*LINK: //p' tests/fuzz/cost.c) $(LDLIBS) $$(pkg-config --libs cmocka)
$(OUT)/tests/fuzz/replay: $(patsubst %,$(OUT)/tests/fuzz/target_%.o,$(FUZZ_TARGETS)) $(OUT)/tests/fuzz/replay.o $(FUZZ_OBJECTS)
	@echo "  ld $@"; $(CC) $(LDFLAGS) -o $@ $^ $(FUZZ_LINK)
$(OUT)/tests/fuzz/try_%: $(OUT)/tests/fuzz/target_%.o $(OUT)/tests/fuzz/entry.o $(FUZZ_OBJECTS)
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -Wl,--defsym=fuzz_target=target_$* -o $@ $^ $(FUZZ_LINK)
check: ## everything that a commit must pass
	@sh tests/lib/check.sh
tidy: ## hold the sources to the rules of the house
	@perl tests/lib/run.pl tests/tidy.t
e2e: all ## use the program as a person does; T=NN-name for one
	@GOLMOK=$(CURDIR)/$(OUT)/golmok perl tests/lib/run.pl $(if $(T),tests/e2e/$(T).t,$(sort $(wildcard tests/e2e/*.t)))

# Jobs of their own, which take minutes to hours: tests/lib/job.sh does them, and reads the words.
city17: all $(OUT)/tests/city/proxy ## seventeen real processes over a line that is cut all the time
aggregator: $(OUT)/tests/unit/test_aggregator ## link all 424 centres of a city to one node
soak: simulator ## run cities under fresh seeds; HOURS=1 or MINUTES=10, JOBS=2, SEED=first
faults: all $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_faults*.c)) ## every call fails in every job, once and for good: half an hour; JOB=name, SEED=1
kills: $(filter %/test_kill %/test_kill_sync,$(UNITS)) ## kill -9 among writers and peers; N=500 times
crash: $(CRASH) ## what a crash could leave, from a recorded trace; IMAGES=10000 SEED=1
bitrot: $(CRASH) ## turn over single bits of a store; FLIPS=10000 SEED=1
powercut: all ## cut the power of a virtual machine; CUTS=20 DROPS=3 STICKS=9 SEED=1
fuzz: ## look for inputs that break promises; TIME=60 seconds each, F=name for one
model: ## all states of three models, and a rule of each left out; minutes
tsan: ## unit tests, end to end and cities with ThreadSanitizer; half an hour
lint: ## cppcheck, gcc's analyser and clang-tidy; FILES=core/mark.c some
cov: ## what the tests reach of proto and core, a page in build/cov; half an hour; AGAIN=1 the same figures
mcdc: ## each condition of merge, delta, merkle, noise and intake; which never decided
bench-peers: all peers-deps $(OUT)/tests/bench/bench $(PEERS_BENCH) ## measure beside other stores, for a quarter of an hour; PEERS="golmok hypercore" some
demo: ## found a city on this machine, cut its line and join it again: a minute
city17 aggregator soak faults kills crash bitrot powercut fuzz fuzz-corpus fuzz-replay model tsan lint cov mcdc bench-peers demo:
	@CC=$(CC) BUILD=$(BUILD) sh tests/lib/job.sh $@ $(OUT)

mutate: ## break each branch of these in turn: who notices? hours; F=proto/merkle.c one file
	@BUILT=$(OUT) CC="$(CC)" CFLAGS="$(CFLAGS)" LDFLAGS="$(LDFLAGS)" LDLIBS="$(LDLIBS)" perl tests/cov/mutate.pl $(F)

deps: ## install the Debian packages that are missing
	@sh .ci/deps build
peers-deps: deps
	@sh .ci/deps peers
install: all ## install the program; PREFIX=/usr/local
	install -D -m 755 $(OUT)/golmok $(DESTDIR)$(PREFIX)/bin/golmok
format: ## lay out all C files as the house style has it
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')
clean: ## remove all that was built
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

# What has help, and few others.
.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*\#\#.*/\1/p' Makefile) units simulator peers-deps fuzz-corpus fuzz-replay
.SECONDARY:
-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(TEST_LIB) $(SIM_OBJECTS) $(OUT)/cli/main.o $(BENCH) $(UNITS:=.o)) $(wildcard $(OUT)/tests/*/*.d $(OUT)/tests/bench/peers/*.d)
