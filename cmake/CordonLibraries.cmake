# The libraries of other people, one imported target each. CORDON_STATIC takes the archives, so that
# an executable starts without a dynamic loader and needs nothing installed.
function(cordon_library target module archive)
	pkg_check_modules(${target} REQUIRED ${module})
	add_library(dep_${target} INTERFACE)
	target_include_directories(dep_${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIRS})
	if(CORDON_STATIC)
		find_library(${target}_ARCHIVE NAMES ${archive} REQUIRED)
		target_link_libraries(dep_${target} INTERFACE ${${target}_ARCHIVE} ${ARGN})
	else()
		target_link_libraries(dep_${target} INTERFACE ${${target}_LINK_LIBRARIES})
	endif()
endfunction()

cordon_library(seccomp libseccomp libseccomp.a)
cordon_library(cap libcap libcap.a)
cordon_library(jansson jansson libjansson.a)
cordon_library(uv libuv libuv_a.a pthread dl rt)
cordon_library(crypto libcrypto libcrypto.a pthread dl)
