#include "cli.h"
static int run(int argc, char **argv) { (void)argc; (void)argv; return 2; }
const struct command cmd_run = { "run", "", "", "", run };
const struct command cmd_state = { "state", "", "", "", run };
