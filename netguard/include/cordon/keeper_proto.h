/* What is said to the keeper (`cordon-netguard keep`): it starts the processes of a guard for a monitor that has given up
 * starting any itself, so that a guard that was killed is followed by another one. Links as in <cordon/link.h>, no body but
 * that of UNSTARTED.
 *
 *	monitor -> keeper   START     with CORDON_KEEPER_FDS descriptors; what was started before is killed
 *	keeper -> monitor   STARTED   or
 *	                    UNSTARTED u32 errno
 *	monitor -> keeper   STOP      kills what was started by START; not answered
 *	monitor -> keeper   START_FETCH   with CORDON_KEEPER_FETCH_FDS descriptors; answered by STARTED with the pidfd of a
 *	                              cordon-fetch, or by UNSTARTED
 *
 * It ends, and what it has started with it, with its link; a fetch with its own. */
#pragma once

enum cordon_keeper_message {
	CORDON_KEEPER_START = 1,
	CORDON_KEEPER_STARTED,
	CORDON_KEEPER_UNSTARTED,
	CORDON_KEEPER_STOP,
	CORDON_KEEPER_START_FETCH,
};

/* Descriptors of START: link ends that the processes get. */
enum cordon_keeper_fd {
	CORDON_KEEPER_DIALER_MONITOR,
	CORDON_KEEPER_RELAY_MONITOR,
	CORDON_KEEPER_RELAY_DIALER,
	CORDON_KEEPER_RESOLVER_MONITOR,
	CORDON_KEEPER_RESOLVER_DIALER,
	CORDON_KEEPER_FDS
};
#define CORDON_KEEPER_FETCH_FDS 2 /* its link to the monitor, and to the dialer */
