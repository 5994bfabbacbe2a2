/*
 * config_notify.h - the part of the configuration that says who is told.
 *
 * Receivers are added, by the file first, then by the environment and the
 * flags; one without a name is called webhook-1, alertmanager-1, ...
 */
#ifndef APP_CONFIG_NOTIFY_H
#define APP_CONFIG_NOTIFY_H

#include "app/config.h"

#define CONFIG_RECEIVERS_MAX 32

/* Takes what r holds and empties it.  ST_BAD: its name is in use. */
CHECKED enum status config_add_receiver(struct config *c, struct receiver *r,
                                        struct err *err);
void config_name_receivers(struct config *c);
void receiver_release(struct receiver *r);

/* Setters as config_set() has them. */
CHECKED enum status config_add_webhook(struct config *c, struct slice url,
                                       struct err *err);
CHECKED enum status config_add_alertmanager(struct config *c, struct slice url,
                                            struct err *err);
CHECKED enum status config_set_resend(struct config *c, struct slice value,
                                      struct err *err);
CHECKED enum status
config_set_external_url(struct config *c, struct slice value, struct err *err);

#endif
