// Callbacks: lambdas with captures, move-only ones, ones that return nothing. An exception from a callback ends the
// call and is rethrown by it.
//
// usage: callbacks
#include "check.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

const std::vector<double> groups = {0, 1, 10, 11, 0, 1, 10, 11, 2, 3, 12, 13};
const gmm::matrix<double> z(groups, 1);

std::size_t plain_calls = 0;
void plain(const gmm_progress &) { plain_calls++; }

// Gives the rows of `groups`; throws at the set positions.
struct source {
    bool rewind_throws = false, read_throws = false;
    std::size_t next = 0, passes = 0;

    std::size_t n_features() const { return 1; }
    void rewind()
    {
        next = 0;
        if (passes++ == 1 && rewind_throws) {
            throw std::runtime_error("mine");
        }
    }
    std::size_t read(std::size_t max_rows, double *rows)
    {
        if (read_throws && passes == 2) {
            throw std::runtime_error("mine");
        }
        std::size_t n = 0;
        for (; n < max_rows && next < groups.size(); n++) {
            rows[n] = groups[next++];
        }
        return n;
    }
};

void progress()
{
    gmm::fit_options options(2);
    options.tol = 0, options.max_iter = 7;
    std::size_t seen = 0;
    CHECK(gmm::fit(z, options, [&](const gmm_progress &) { seen++; }).n_iter == 7 && seen == 7);
    CHECK(gmm::fit(z, options, plain).n_iter == 7 && plain_calls == 7);
    CHECK(gmm::fit(z, options, [&](const gmm_progress &step) { return step.iteration < 3; }).n_iter == 3);
    CHECK(gmm::fit(z, options, [&](gmm_progress step) { return step.iteration < 3 ? 1 : 0; }).n_iter == 3);
    auto last = std::make_unique<std::size_t>(4);
    CHECK(gmm::fit(z, options, [last = std::move(last)](const auto &step) { return step.iteration < *last; })
              .stop == GMM_STOP_CANCELLED);
    std::function<bool(const gmm_progress &)> function = [](const gmm_progress &) noexcept { return false; };
    CHECK(gmm::fit(z, options, function, gmm::threads(2)).n_iter == 1);
    function = nullptr;
    bool is_empty = false;
    try {
        gmm::fit(z, options, function);
    } catch (const std::bad_function_call &) {
        is_empty = true;
    }
    CHECK(is_empty);

    seen = 0;
    const auto third = [&](const gmm_progress &) {
        if (++seen == 3) {
            throw std::runtime_error("mine");
        }
    };
    CHECK(throws_mine([&] { gmm::fit(z, options, third); }) && seen == 3);
    options.n_init = 5, seen = 0;
    CHECK(throws_mine([&] { gmm::fit(z, options, third); }) && seen == 3);
    options.n_init = 1, seen = 0;
    source rows;
    CHECK(throws_mine([&] { gmm::fit_stream<double>(rows, options, third); }) && seen == 3);
    CHECK(gmm::fit_stream<double>(rows, options, [&](const gmm_progress &) { seen++; }).n_iter == 7 && seen == 10);

    // A refusal of the library inside a callback is an exception of that callback.
    const auto refused = [&](const gmm_progress &) { gmm::fit(z, 100); };
    CHECK(status_of([&] { gmm::fit(z, options, refused); }) == GMM_INVALID_ARGUMENT);
    // An exception of any type is rethrown unchanged.
    int thrown = 0;
    try {
        gmm::fit(z, options, [](const gmm_progress &) { throw 7; });
    } catch (int number) {
        thrown = number;
    }
    CHECK(thrown == 7);
}

void sources()
{
    const gmm::fit_options options(2);
    source whole;
    CHECK(gmm::fit_stream<double>(whole, options).model.n_components() == 2);
    source rewinds, reads;
    rewinds.rewind_throws = reads.read_throws = true;
    CHECK(throws_mine([&] { gmm::fit_stream<double>(rewinds, options); }) && rewinds.passes == 2);
    CHECK(throws_mine([&] { gmm::fit_stream<double>(reads, options); }) && reads.passes == 2);
}

void logs()
{
    std::vector<std::string> lines;
    gmm::fit_options options(2);
    options.log = [&](gmm_log_level, const char *line) { lines.emplace_back(line); };
    gmm::fit(z, options);
    CHECK(!lines.empty());
    auto only_moves = std::make_unique<std::size_t>(0);
    std::size_t &count = *only_moves;
    options.log = [kept = std::move(only_moves)](gmm_log_level, std::string) { ++*kept; };
    const auto copy = options;
    gmm::fit(z, copy);
    CHECK(count == lines.size());
    const std::size_t before = lines.size();
    options.log = nullptr;
    gmm::fit(z, options);
    CHECK(lines.size() == before);

    std::size_t told = 0;
    options.log = [&](gmm_log_level, const char *) {
        told++;
        throw std::runtime_error("mine");
    };
    CHECK(throws_mine([&] { gmm::fit(z, options); }) && told == 1);
    source rows;
    CHECK(throws_mine([&] { gmm::fit_stream<double>(rows, options); }) && told == 2);
    const std::vector<std::size_t> many(2000, 2);
    CHECK(throws_mine([&] { gmm::sweep(z, many, {GMM_COVARIANCE_FULL}, GMM_CRITERION_BIC, options); }) && told == 3);
}

}  // namespace

int main()
{
    progress();
    sources();
    logs();
    return 0;
}
