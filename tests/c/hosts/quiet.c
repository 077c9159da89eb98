/* The library does not change the host's threads, streams, environment, signals, rounding or locale.
 *
 * usage: quiet LIBRARY FOLDER (to write model files in)
 */
#include "loaded.h"

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

extern char **environ;

/* Replaces getenv for the whole process, so that the library's calls are counted here. */
static volatile int n_asked;

char *getenv(const char *name)
{
    const size_t length = strlen(name);
    n_asked++;
    for (char **entry = environ; entry && *entry; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return NULL;
}

enum { SIGNALS = 32 };

/* State of the process that a library might change. */
typedef struct host {
    void (*handlers[SIGNALS])(int);
    sigset_t blocked;
    int rounding, exceptions;
    unsigned control;
    mode_t mask;
    char locale[256], folder[4096];
} host;

static host now(void)
{
    host host;
    memset(&host, 0, sizeof host);
    for (int signal = 1; signal < SIGNALS; signal++) {
        struct sigaction action;
        CHECK(sigaction(signal, NULL, &action) == 0);
        host.handlers[signal] = action.sa_handler;
    }
    CHECK(sigprocmask(SIG_SETMASK, NULL, &host.blocked) == 0);
    host.rounding = fegetround();
    host.exceptions = fegetexcept();
#ifdef __SSE2__
    /* Without the status flags, which any addition may raise. */
    host.control = _mm_getcsr() & ~0x3fu;
#endif
    host.mask = umask(0);
    umask(host.mask);
    snprintf(host.locale, sizeof host.locale, "%s", setlocale(LC_ALL, NULL));
    CHECK(getcwd(host.folder, sizeof host.folder) != NULL);
    return host;
}

static void nothing_changed(const host *before)
{
    const host after = now();
    CHECK(memcmp(before, &after, sizeof after) == 0);
}

static double wanted[N], energies[N];

static void calls_do_not_change_it(const gmm *gmm, const gmm_threads *threads)
{
    const host before = now();
    use(gmm, threads, energies);
    CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
    refused(gmm, 5000);
    nothing_changed(&before);
}

/* A model file has the same format in every locale: numbers with points, and a text header. */
static void saves_and_loads(const gmm *gmm, const char *folder)
{
    const double weight = 1, mean = 0.1, variance = 1234567.875;
    char path[4096];
    double back;
    gmm_mixture *mixture = NULL, *loaded = NULL;
    snprintf(path, sizeof path, "%s/model", folder);
    CHECK(gmm->gmm_mixture_create(1, 1, &weight, &mean, &variance, &mixture) == GMM_OK);
    CHECK(gmm->gmm_mixture_save(mixture, path) == GMM_OK);
    CHECK(gmm->gmm_mixture_load(path, &loaded) == GMM_OK);
    CHECK(gmm->gmm_mixture_means(loaded, &back, 1) == GMM_OK && back == mean);
    gmm->gmm_mixture_free(loaded);
    gmm->gmm_mixture_free(mixture);
    const double negative = -0.5;
    CHECK(gmm->gmm_mixture_create(1, 1, &negative, &mean, &variance, &mixture) == GMM_NEGATIVE);
    CHECK(strstr(gmm->gmm_last_error_message(), "-0.5") != NULL);
}

static int has_a_decimal_comma(void)
{
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR", "pl_PL.UTF-8", "xx_COMMA"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ",") == 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    draw();
    FILE *heard = tmpfile();
    const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    CHECK(heard && out >= 0 && err >= 0);
    const host before = now();
    const int descriptors = n_descriptors();
    CHECK(dup2(fileno(heard), STDOUT_FILENO) >= 0 && dup2(fileno(heard), STDERR_FILENO) >= 0);

    n_asked = 0;
    double start = seconds();
    gmm gmm = load(argv[1], RTLD_NOW | RTLD_LOCAL);
    const double loading = seconds() - start;
    CHECK(n_asked == 0 && n_threads() == 1 && n_descriptors() == descriptors);
    nothing_changed(&before);

    start = seconds();
    gmm_threads *one = NULL, *two = NULL;
    CHECK(gmm.gmm_threads_create(1, &one) == GMM_OK && gmm.gmm_threads_create(2, &two) == GMM_OK);
    refused(&gmm, 5000);
    const double first_call = seconds() - start;
    CHECK(n_asked == 0);
    use(&gmm, one, wanted);
    CHECK(n_threads() == 1);
    nothing_changed(&before);
    calls_do_not_change_it(&gmm, one);
    calls_do_not_change_it(&gmm, two);
    calls_do_not_change_it(&gmm, NULL);
    CHECK(n_threads() > 2);
    saves_and_loads(&gmm, argv[2]);

    /* The host's own settings stay. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    CHECK(sigaction(SIGPIPE, &ignore, NULL) == 0 && sigaction(SIGSEGV, &ignore, NULL) == 0);
    umask(027);
    calls_do_not_change_it(&gmm, two);
    CHECK(fesetround(FE_UPWARD) == 0);
    const host upward = now();
    use(&gmm, one, energies);
    nothing_changed(&upward);
    CHECK(fesetround(FE_TONEAREST) == 0);
    const int comma = has_a_decimal_comma();
    saves_and_loads(&gmm, argv[2]);
    calls_do_not_change_it(&gmm, NULL);
    setlocale(LC_ALL, "C");

    gmm.gmm_threads_free(one);
    gmm.gmm_threads_free(two);
    fflush(stdout);
    struct stat said;
    CHECK(fstat(fileno(heard), &said) == 0);
    CHECK(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    CHECK(said.st_size == 0);
    printf("loaded in %.2f ms, first calls in %.2f ms, getenv %d times, decimal comma %s\n", 1e3 * loading,
           1e3 * first_call, n_asked, comma ? "tried" : "not installed");
    return 0;
}
