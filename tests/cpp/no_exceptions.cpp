// A program without exceptions and without run-time types: a refusal is reported and ends the program.
//
// usage: no_exceptions
//
// The test compiles it with -fno-exceptions -fno-rtti; compiled otherwise, it does nothing.
#include <cstdio>
#include <cstdlib>
#include <cstring>

// The expected status of the last refusal, which ends the program.
static int expected = -1;

static void refused(int status, const char *message)
{
    std::printf("%d %s\n", status, message);
    std::exit(status == expected && std::strlen(message) > 5 ? 0 : 6);
}

#define GMM_REFUSED(status, message) refused(status, message)
#include <gmm.hpp>

#ifdef GMM_NO_EXCEPTIONS

struct rows {
    std::size_t next = 0;
    std::size_t n_features() const { return 1; }
    void rewind() { next = 0; }
    std::size_t read(std::size_t, double *to)
    {
        *to = static_cast<double>(next);
        return next++ < 4;
    }
};

int main()
{
    const gmm::mixture model = gmm::mixture::create({1.0}, {0.0}, {1.0});
    gmm::scorer<double> scorer(model);
    const double sample[] = {0};
    if (std::abs(scorer.energy(sample) - 0.91893853320467274) > 1e-15) {
        return 1;
    }
    rows source;
    std::size_t seen = 0;
    gmm::fit_options options(1);
    options.log = [&](gmm_log_level, const char *) { seen++; };
    if (gmm::fit_stream<double>(source, options, [&](const gmm_progress &) { seen++; }).model.n_features() != 1 ||
        seen < 2) {
        return 2;
    }
    // The functions of gmm.h return statuses.
    gmm_mixture *out = nullptr;
    if (gmm_mixture_load("no such file", &out) != GMM_IO || std::strlen(gmm_last_error_message()) < 5) {
        return 5;
    }
    expected = GMM_NULL_POINTER;
    gmm::mixture().weights();
    return 7;
}

#else

int main() { return 0; }

#endif
