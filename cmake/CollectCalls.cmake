# Makes the list of system calls that a process keeps from the comments "calls: NAME…" of the files that
# are linked into it. Called by the build: -DINPUTS=list -DNAME=array -DOUTPUT=file.
#
# A comment ends with its "*/" (in a file of another kind with its end). What follows "; at start:" is
# called before the process locks itself, and is not kept. A file that calls nothing says "calls: none";
# one that says nothing is an error.
set(calls "")
foreach(input ${INPUTS})
	file(READ ${input} text)
	string(REPLACE ";" "|" text "${text}")
	if(NOT text MATCHES "calls: ([^/]*)")
		message(FATAL_ERROR "${input} does not list its system calls (/* calls: NAME... */)")
	endif()
	set(words "${CMAKE_MATCH_1}")
	string(REGEX REPLACE "\\|[ \n\t*]*at start:.*" "" words "${words}")
	string(REGEX MATCHALL "[a-z0-9_]+" words "${words}")
	list(APPEND calls ${words})
endforeach()
list(REMOVE_DUPLICATES calls)
list(REMOVE_ITEM calls none)
list(SORT calls)
set(text "/* Made by cmake/CollectCalls.cmake. */\n#include <stdint.h>\n#include <sys/syscall.h>\n\n")
string(APPEND text "static const uint32_t ${NAME}[] = {\n")
foreach(call ${calls})
	# An architecture may lack the older form of a call.
	string(APPEND text "#ifdef SYS_${call}\n\tSYS_${call},\n#endif\n")
endforeach()
file(WRITE ${OUTPUT} "${text}};\n")
