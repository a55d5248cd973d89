/* The run's own terminal, made in its own devpts. See pty(7), ioctl_tty(2). */
#pragma once

#include <stdint.h>

/* Inside the run's root: opens a new pty. Returns 0, or -1 with errno. */
int pty_open(uint16_t rows, uint16_t columns, int *ret_master, int *ret_slave);
