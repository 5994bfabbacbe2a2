/*
 * config_probe.h - the part of the configuration that says who is asked
 * whether it answers.
 */
#ifndef APP_CONFIG_PROBE_H
#define APP_CONFIG_PROBE_H

#include "app/config.h"
#include "app/config_read.h"

void config_probe_init(struct config_probe *c);
void config_probe_release(struct config_probe *c);
/* The section `probe`. */
void config_probe_read(struct reader *r, const struct yaml_node *value,
                       void *into);
/* CHECK_INTERVAL and others, as monitors before this one had them. */
CHECKED enum status config_probe_environment(struct config_probe *c,
                                             config_getenv *getenv,
                                             struct err *err);
/* What an entry does not say is as it is for all. */
CHECKED enum status config_probe_finish(struct config_probe *c,
                                        struct err *err);

#endif
