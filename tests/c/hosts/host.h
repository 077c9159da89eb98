/* Shared by the host programs: samples, counts of the process's resources, and a check that ends the process. */
#ifndef HOST_H
#define HOST_H

/* For fork, fenv, dladdr, clocks and barriers in every C dialect. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <gmm.h>

#include "../pool.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Ends the process, from any thread or child, unless `condition` holds. */
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);              \
            _exit(1);                                                                    \
        }                                                                                \
    } while (0)

/* Enough samples for several threads. */
enum { N = 20000, D = 8, K = 3 };

static double samples[N * D];

/* Three groups six apart, drawn by a linear congruential generator. */
static inline void draw(void)
{
    unsigned long long state = 1;
    for (int i = 0; i < N * D; i++) {
        double sum = 0;
        for (int j = 0; j < 4; j++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            sum += (double)(state >> 11) / 9007199254740992.0;
        }
        samples[i] = sum + i / D % K * 6.0;
    }
}

static inline int entries(const char *path)
{
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static inline int n_threads(void) { return entries("/proc/self/task"); }

/* One entry is the folder that is being read. */
static inline int n_descriptors(void) { return entries("/proc/self/fd") - 1; }

/* Kilobytes after `key`, as in "VmRSS:", in the system's status of this process. */
static inline long kilobytes(const char *key)
{
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    char line[256];
    long value = -1;
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtol(line + strlen(key), NULL, 10);
        }
    }
    fclose(status);
    CHECK(value >= 0);
    return value;
}

static inline void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Threads that were told to end take some time: waits until at most `most` are left. */
static inline void wait_for_threads(int most)
{
    for (int tries = 0; n_threads() > most; tries++) {
        CHECK(tries < 3000);
        sleep_ms(10);
    }
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
