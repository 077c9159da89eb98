/* Fits a mixture to the numeric columns of a CSV file, then scores its rows one at a time, as a service would:
 * the loop allocates nothing for a score. Prints one energy a line.
 *
 *     c++ -std=c++17 -I include examples/cpp/score_csv.cpp -L target/release -lgmm \
 *         -Wl,-rpath,$PWD/target/release -o score_csv && ./score_csv examples/data/breast_cancer.csv
 */

#include <gmm.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

// The numbers of a line; what is not a number, as a label in the first column, is left out.
void append_numbers(const std::string &line, std::vector<double> &values)
{
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find(',', at), line.size());
        const std::string field = line.substr(at, end - at);
        char *after = nullptr;
        const double value = std::strtod(field.c_str(), &after);
        if (!field.empty() && *after == '\0') {
            values.push_back(value);
        }
        at = end + 1;
    }
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: score_csv DATA.csv\n");
        return 2;
    }
    std::ifstream file(argv[1]);
    std::string line;
    std::getline(file, line);
    std::vector<double> values;
    std::size_t n = 0;
    for (; std::getline(file, line); n++) {
        append_numbers(line, values);
    }
    if (n == 0 || values.size() % n != 0) {
        std::fprintf(stderr, "score_csv: %s is not a table of rows of one length\n", argv[1]);
        return 1;
    }
    try {
        const std::size_t d = values.size() / n;
        gmm::fit_options options(2);
        options.covariance_type = GMM_COVARIANCE_DIAG;
        const gmm::fitted fitted = gmm::fit(gmm::matrix<double>(values, d), options);
        gmm::scorer<double> scorer(fitted.model);
        for (std::size_t row = 0; row < n; row++) {
            std::printf("%.9g\n", scorer.energy({&values[row * d], d}));
        }
    } catch (const gmm::error &refused) {
        std::fprintf(stderr, "gmm: %s\n", refused.what());
        return 1;
    }
    return 0;
}
