# test/bench/bench.mk: make bench, the loader, the datastore and the service measured against their peers in the same run.
#
#   make bench [BENCH_MB=200] [BENCH_ROUNDS=3] [BENCH_GROWTH=100000] [BENCH_PLACE=/dev/shm/nachet-bench] ...
#   make bench BENCH_ONLY='http offload'
#
# test/bench/run and test/bench/offload tell all variables. No timing ever fails a build or a test.

BENCH_PROGRAMS = build/bench/make_pictures build/bench/measure build/bench/peer
BENCH_PARTS = $(or $(BENCH_ONLY),sizes growth set http offload)

.PHONY: bench clean-bench

bench: loader/nachet-load http/nachet-http $(BENCH_PROGRAMS)
	$(if $(filter-out offload,$(BENCH_PARTS)),test/bench/run)
	$(if $(filter offload,$(BENCH_PARTS)),tools/node-packages && test/bench/offload)

build/bench/%: $(CLIENT_BUILD)/test/bench/%.o $(CLIENT_ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(CLIENT_CFLAGS) $(CLIENT_LDFLAGS) -o $@ $^ $(CLIENT_LIBS) -lm

clean: clean-bench
clean-bench:
	rm -rf build/bench

-include $(patsubst build/bench/%,$(CLIENT_BUILD)/test/bench/%.d,$(BENCH_PROGRAMS))
