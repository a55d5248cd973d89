# cordon_flags: warnings and hardening, each flag probed before it is used.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

# cordon_test_flags: what tests need of it; Criterion's macros do not stand all warnings.
add_library(cordon_test_flags INTERFACE)
target_compile_definitions(cordon_test_flags INTERFACE _GNU_SOURCE CORDON_VERSION="${PROJECT_VERSION}"
	CORDON_STATIC=$<BOOL:${CORDON_STATIC}>)
target_compile_options(cordon_test_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers)

add_library(cordon_flags INTERFACE)
target_link_libraries(cordon_flags INTERFACE cordon_test_flags)

function(cordon_compile_flag flag)
	string(MAKE_C_IDENTIFIER "have${flag}" name)
	check_c_compiler_flag("${flag}" ${name})
	if(${name})
		target_compile_options(cordon_flags INTERFACE ${flag})
	endif()
endfunction()

function(cordon_link_flag flag)
	string(MAKE_C_IDENTIFIER "have_link${flag}" name)
	check_linker_flag(C "${flag}" ${name})
	if(${name})
		target_link_options(cordon_flags INTERFACE ${flag})
	endif()
endfunction()

foreach(flag
		-Wall -Wextra -Wconversion -Wshadow -Wvla -Wpointer-arith -Wwrite-strings
		-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2
		-Wimplicit-fallthrough -Wundef -Wnull-dereference -Wcast-qual
		-Wlogical-op -Wduplicated-cond -Wduplicated-branches
		-Wno-missing-field-initializers -Wno-sign-conversion
		-fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks -fwrapv
		-fstack-protector-strong -fstack-clash-protection -fcf-protection
		-fPIE)
	cordon_compile_flag(${flag})
endforeach()

# Of a compiler that clears more than the padding (gcc 12 does: docs/decisions/0018) it is no protection.
try_run(auto_var_init_works auto_var_init_compiles ${CMAKE_BINARY_DIR}/auto_var_init
	${PROJECT_SOURCE_DIR}/cmake/auto_var_init.c COMPILE_DEFINITIONS -ftrivial-auto-var-init=zero)
if(auto_var_init_compiles AND auto_var_init_works EQUAL 0)
	cordon_compile_flag(-ftrivial-auto-var-init=zero)
endif()

foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed
		-Wl,--build-id=sha1)
	cordon_link_flag(${flag})
endforeach()

# FORTIFY needs optimisation, and the sanitizers replace what it wraps.
if(NOT CORDON_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "Rel")
	cordon_compile_flag("-U_FORTIFY_SOURCE")
	cordon_compile_flag("-D_FORTIFY_SOURCE=3")
endif()

# Reproducible: no path of the build machine in the objects. Coverage has to find the sources by it.
if(NOT CORDON_COVERAGE)
	cordon_compile_flag("-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
endif()

if(CORDON_SANITIZE)
	target_compile_options(cordon_test_flags INTERFACE -fsanitize=${CORDON_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(cordon_test_flags INTERFACE -fsanitize=${CORDON_SANITIZE})
	target_compile_definitions(cordon_test_flags INTERFACE CORDON_SANITIZED=1)
else()
	target_compile_definitions(cordon_test_flags INTERFACE CORDON_SANITIZED=0)
endif()
target_compile_definitions(cordon_test_flags INTERFACE
	CORDON_COVERED=$<BOOL:${CORDON_COVERAGE}>)
# What is fuzzed has to tell the fuzzer which way it went; without this it guesses.
if(CORDON_FUZZ)
	target_compile_options(cordon_test_flags INTERFACE -fsanitize=fuzzer-no-link)
	target_link_options(cordon_test_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CORDON_COVERAGE)
	target_compile_options(cordon_test_flags INTERFACE --coverage -fprofile-abs-path
		-fprofile-update=atomic)
	target_link_options(cordon_test_flags INTERFACE --coverage)
endif()

# An executable of ours: static where asked for, else position independent.
function(cordon_executable name)
	add_executable(${name} ${ARGN})
	target_link_libraries(${name} PRIVATE cordon_flags)
	if(CORDON_STATIC)
		target_link_options(${name} PRIVATE -static-pie)
	else()
		target_link_options(${name} PRIVATE -pie)
	endif()
endfunction()
