/* taking.h - an intake that takes every line and keeps its text. */
#ifndef TESTS_SUPPORT_TAKING_H
#define TESTS_SUPPORT_TAKING_H

#include "base/buf.h"
#include "core/port.h"

/* Appends to lines, a line each; there is one source, and nobody is told. */
struct intake taking_intake(struct buf *lines);

#endif
