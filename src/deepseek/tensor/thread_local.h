// Thread-local variables of headers that every recorded op reads.
#pragma once

// Reached without a call. It takes of the little memory that the loader keeps for libraries opened late: pointers and flags only.
#define DEEPSEEK_NEAR [[gnu::tls_model("initial-exec")]]
