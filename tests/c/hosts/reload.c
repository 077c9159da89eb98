/* A host loads the library as a plug-in again and again: memory does not grow, and nothing crashes.
 *
 * usage: reload LIBRARY TIMES
 */
#include "loaded.h"

#include <pthread.h>

static double wanted[N], energies[N];

static void *opens_and_closes(void *path)
{
    gmm gmm = load(path, RTLD_NOW | RTLD_LOCAL);
    refused(&gmm, 5000);
    CHECK(dlclose(gmm.library) == 0);
    /* The end of the thread frees its message. */
    return NULL;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    const char *path = argv[1];
    const int times = atoi(argv[2]);
    int threads = 0, descriptors = 0;
    long resident = 0, mapped = 0;
    draw();
    for (int i = 0; i < times; i++) {
        gmm gmm = load(path, RTLD_NOW | RTLD_LOCAL);
        /* The library's own threads stay for the process, and so does its code. */
        use(&gmm, NULL, energies);
        if (i == 0) {
            memcpy(wanted, energies, sizeof wanted);
            threads = n_threads();
            CHECK(threads > 1);
        }
        CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
        gmm_threads *four = NULL;
        CHECK(gmm.gmm_threads_create(4, &four) == GMM_OK);
        use(&gmm, four, energies);
        CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
        CHECK(n_threads() >= threads + 4);
        refused(&gmm, 5000);
        gmm.gmm_threads_free(four);
        CHECK(dlclose(gmm.library) == 0);

        pthread_t other;
        CHECK(pthread_create(&other, NULL, opens_and_closes, argv[1]) == 0 && pthread_join(other, NULL) == 0);
        wait_for_threads(threads);
        if (i == 0 || i == times / 2) {
            descriptors = n_descriptors(), resident = kilobytes("VmRSS:"), mapped = kilobytes("VmSize:");
        }
    }
    printf("%d times: %d threads, %d descriptors, %+ld kB resident, %+ld kB mapped since half of them\n", times,
           n_threads(), n_descriptors(), kilobytes("VmRSS:") - resident, kilobytes("VmSize:") - mapped);
    CHECK(n_threads() <= threads && n_descriptors() == descriptors);
    /* Growth cannot be measured in a few rounds. */
    CHECK(times < 20 || kilobytes("VmRSS:") - resident < 4096);
    /* The library stays loaded: its threads may run its code, and its code frees the memory of ended threads. */
    void *still = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    CHECK(still != NULL);
    return 0;
}
