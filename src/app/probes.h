/*
 * probes.h - who is asked whether it answers.
 *
 * Targets of the configuration that have an address of their own, and
 * containers: by their labels bladewatch.probe and bladewatch.probe.*, else by
 * the first target of the configuration whose label they carry.  What a label
 * says wrong costs one warning and is as if it were not said.
 */
#ifndef APP_PROBES_H
#define APP_PROBES_H

#include "app/config.h"
#include "base/buf.h"
#include "docker/docker.h"
#include "loop/loop.h"

struct prober;

/* config is borrowed; string_max: of one text in the state. */
CHECKED enum status prober_start(struct loop *loop,
                                 const struct config_probe *config,
                                 const struct intake *intake, uint64_t seed,
                                 size_t string_max, struct prober **ret,
                                 struct err *err);
void prober_stop(struct prober *p); /* NULL is fine */
void prober_free(struct prober *p); /* once the intake has ended */
void prober_metrics(const struct prober *p, struct metrics *m);

/* docker_config.seen; self is the prober. */
void prober_seen(void *self, const struct docker_seen *c);

/* How a container with these labels is asked; false: not at all.  The start
 * period of its HEALTHCHECK, if there is one, goes before the configuration's.
 * Appends a sentence for each label that means nothing. */
bool prober_choose(const struct config_probe *config, struct labels labels,
                   nsec start_period, struct probe_spec *ret,
                   struct buf *warnings);

#endif
