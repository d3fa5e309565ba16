/*
 * Tells the exchange the calling party's category (ITU-T Q.763, 3.11). chan_dahdi of Asterisk 22 never says one, so that libss7
 * sends "ordinary subscriber" in every IAM. The dialplan gives the code with 256 added as CALLERID(ani2); chan_dahdi hands that to
 * isup_set_oli, which is the one below where LD_PRELOAD names this library. Lower values are the originating line's, as ever.
 *
 *     cc -shared -fPIC -O2 -o isup_category.so isup_category.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

enum { CATEGORY = 256 };

struct isup_call;
typedef void set_line(struct isup_call *call, int line);
typedef void set_category(struct isup_call *call, unsigned int category);

/* chan_dahdi has loaded it for itself alone, so it is asked for by name. */
static void *of_libss7(const char *name)
{
	void *library = dlopen("libss7.so.2.0", RTLD_LAZY | RTLD_NOLOAD);
	void *found = library ? dlsym(library, name) : NULL;

	if (library)
		dlclose(library);
	return found;
}

void isup_set_oli(struct isup_call *call, int line)
{
	set_category *category = (set_category *) of_libss7("isup_set_calling_party_category");
	set_line *origin = (set_line *) of_libss7("isup_set_oli");

	if (line >= CATEGORY) {
		if (category)
			category(call, line - CATEGORY);
	} else if (origin) {
		origin(call, line);
	}
}
