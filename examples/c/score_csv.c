/* Scores the rows of a CSV file with a model file, flags the rows that fit the model worst, and names the column
 * that contributes most to the energy of each. fit_save.c makes the model.
 *
 *     cargo build --release -p gmm-ffi
 *     cc -I include examples/c/score_csv.c -L target/release -lgmm -Wl,-rpath,$PWD/target/release -o score_csv
 *     ./score_csv examples/data/breast_cancer.csv 2-31 model.safetensors 5
 *
 * Prints a line a row: its number from 1, its energy in nats, and for the PERCENT of the rows with the greatest
 * energies "unusual: column C".
 */
#include <gmm.h>

#include "csv.h"

/* The column, among `d`, with the largest contribution to an energy. */
static size_t most_of(const double *shares, size_t d)
{
    size_t most = 0;
    for (size_t i = 1; i < d; i++) {
        if (shares[i] > shares[most]) {
            most = i;
        }
    }
    return most;
}

static int score(const struct table *table, size_t first_column, const char *model, double percent)
{
    const size_t n = table->n_rows, d = table->n_columns;
    const gmm_matrix_f64 samples = {table->values, n, d, (ptrdiff_t)d, 1};
    gmm_mixture *mixture = NULL;
    double threshold, *energies = malloc(n * sizeof *energies), *shares = malloc(n * d * sizeof *shares);
    int failed = 1;
    if (!energies || !shares) {
        perror("score_csv");
    } else if (gmm_mixture_load(model, &mixture) != GMM_OK ||
               gmm_mixture_energies_f64(mixture, &samples, NULL, energies) != GMM_OK ||
               gmm_mixture_attribution_f64(mixture, &samples, NULL, shares) != GMM_OK ||
               gmm_threshold_by_contamination_f64(energies, n, percent / 100, &threshold) != GMM_OK) {
        /* One message for all refusals: the library's names the call and the reason. */
        fprintf(stderr, "score_csv: %s\n", gmm_last_error_message());
    } else {
        for (size_t row = 0; row < n; row++) {
            printf("%zu %.9g", row + 1, energies[row]);
            if (energies[row] > threshold) {
                printf(" unusual: column %zu", first_column + most_of(shares + row * d, d));
            }
            printf("\n");
        }
        failed = 0;
    }
    gmm_mixture_free(mixture);
    free(shares);
    free(energies);
    return failed;
}

int main(int argc, char **argv)
{
    struct table table;
    size_t first, last;
    double percent;
    char end;
    if (argc != 5 || !parse_columns(argv[2], &first, &last) || sscanf(argv[4], "%lf%c", &percent, &end) != 1) {
        fprintf(stderr, "usage: score_csv DATA.csv FIRST-LAST MODEL PERCENT\n");
        return 2;
    }
    if (read_csv(argv[1], first, last, &table) != 0) {
        return 1;
    }
    int failed = score(&table, first, argv[3], percent);
    free(table.values);
    return failed;
}
