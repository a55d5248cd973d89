/* What the programs of scripts/bench net have in common. A connection begins with one of these bytes. */
#pragma once

#define NET_BYTE 'b' /* is answered by a byte, each time */
#define NET_DOWN \
	'd' /* then a size, 8 bytes little endian: is answered by so many bytes and the end */
#define NET_UP 'u' /* then anything up to its end: is answered by a byte */

#define NET_CHUNK (128u * 1024)
