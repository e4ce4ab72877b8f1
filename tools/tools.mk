# tools/tools.mk: what is needed, the demo, the distribution.

.PHONY: deps demo demo-start demo-stop demo-remove dist

# Installing takes root; building does not, and must leave no file of root's in the tree.
ROOT_MAKE = $(if $(filter-out 0,$(shell id -u)),sudo )$(MAKE) --no-print-directory
INSTALL_ARGS = PG_CONFIG='$(PG_CONFIG)' CLIENT_BINDIR='$(CLIENT_BINDIR)'
ARCHIVE = dist/nachet_datastore-$(EXTVERSION).zip

export PG_CONFIG

deps:
	tools/deps build demo check

# make demo [PORT=8081] [FOLDER=~/pictures SEED='Brassica napus' ZOOM=20 NB_SEEDS=5]
# PGXS is read when make starts, so what follows the installation of packages is another make.
demo:
	@tools/deps build demo
	@echo 'Building and installing nachet_datastore $(EXTVERSION)'
	@$(MAKE) -s --no-print-directory all
	@$(ROOT_MAKE) -s install $(INSTALL_ARGS)
	@NACHET_BINDIR='$(CLIENT_BINDIR)' tools/demo start

demo-stop:
	@tools/demo stop

demo-remove:
	@tools/demo remove

# A PGXN archive of the last commit, with the joined install script, so that it also installs without our Makefile.
dist: $(SQL_SCRIPT)
	mkdir -p dist
	git archive --format=zip --output=$(ARCHIVE) \
		--prefix=nachet_datastore-$(EXTVERSION)/sql/ --add-file=$(SQL_SCRIPT) \
		--prefix=nachet_datastore-$(EXTVERSION)/ HEAD
	@echo $(ARCHIVE)
