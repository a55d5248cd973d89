/* The inside of a ClientHello, when all of it is there. */
#pragma once

#include "hello.h"

/* message: the handshake message without its four bytes of type and length. Fills the results of *h. */
enum hello_refusal hello_parse(const uint8_t *message, size_t size, struct hello *h) CORDON_CHECKED;
