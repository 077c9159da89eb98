/* Two copies of the library in one process, as two plug-ins may bring them, each with its own handles.
 *
 * usage: copies LIBRARY COPY
 */
#include "loaded.h"

static double first_energies[N], second_energies[N];

/* The file that a function is in. */
static const char *home(void *function)
{
    Dl_info info;
    CHECK(dladdr(function, &info) != 0);
    return info.dli_fname;
}

static void both(const char *path, int flags, const char *copy, int copy_flags)
{
    gmm first = load(path, RTLD_NOW | flags), second = load(copy, RTLD_NOW | copy_flags);
    CHECK(first.gmm_version != second.gmm_version);
    CHECK(strcmp(home(*(void **)&first.gmm_mixture_free), path) == 0);
    CHECK(strcmp(home(*(void **)&second.gmm_mixture_free), copy) == 0);

    /* Handles and pools that exist at the same time. */
    gmm_threads *ours = NULL, *theirs = NULL;
    CHECK(first.gmm_threads_create(pool_of(2), &ours) == GMM_OK && second.gmm_threads_create(pool_of(3), &theirs) == GMM_OK);
    use(&first, ours, first_energies);
    use(&second, theirs, second_energies);
    CHECK(memcmp(first_energies, second_energies, sizeof first_energies) == 0);
    use(&first, NULL, first_energies);
    use(&second, NULL, second_energies);
    CHECK(memcmp(first_energies, second_energies, sizeof first_energies) == 0);

    /* A message belongs to the copy that was called. */
    refused(&first, 5000);
    refused(&second, 6000);
    CHECK(strncmp(first.gmm_last_error_message(), "count is 5000;", 14) == 0);
    first.gmm_threads_free(ours);
    CHECK(dlclose(first.library) == 0);
    use(&second, theirs, second_energies);
    second.gmm_threads_free(theirs);
    CHECK(dlclose(second.library) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    draw();
    both(argv[1], RTLD_LOCAL, argv[2], RTLD_LOCAL);
    both(argv[2], RTLD_LOCAL, argv[1], RTLD_GLOBAL);
    both(argv[1], RTLD_GLOBAL, argv[2], RTLD_GLOBAL);
    return 0;
}
