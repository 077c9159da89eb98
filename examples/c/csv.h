/* Tables of numbers from CSV text, as far as the examples need it: a line of names, then lines with the same number
 * of fields, without quotes. Anything else is refused with the file and the line, so that a mistake in a file is
 * not taken for an unusual sample.
 */
#ifndef CSV_H
#define CSV_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of `n_columns` numbers, one after the other: the layout that gmm reads fastest. */
struct table {
    double *values;
    size_t n_rows, n_columns;
};

/* The whole file as a string; NULL if it could not be read or contains a NUL. */
static char *csv_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t len = 0, room = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (len + 1 >= room) {
            room = room ? 2 * room : 1 << 16;
            char *larger = realloc(text, room);
            if (!larger) {
                errno = ENOMEM;
                break;
            }
            text = larger;
        }
        len += fread(text + len, 1, room - len - 1, file);
    }
    int whole = file && feof(file) && !ferror(file);
    if (file) {
        fclose(file);
    }
    if (!whole) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else if (memchr(text, '\0', len)) {
        fprintf(stderr, "%s: this is not text\n", path);
    } else {
        text[len] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static size_t csv_fields(const char *line)
{
    size_t n = 1;
    for (; *line; line++) {
        n += *line == ',';
    }
    return n;
}

/* Parses fields `first` to `last` (from 1) of a line into `values`; returns the count of numbers before an invalid
 * one. */
static size_t csv_numbers(char *line, size_t first, size_t last, double *values)
{
    for (size_t field = 1; field < first; field++) {
        line = strchr(line, ',') + 1;
    }
    for (size_t field = first; field <= last; field++) {
        char *end;
        /* A program that has not called setlocale has the C locale, in which the decimal separator is a point. */
        *values++ = strtod(line, &end);
        if (end == line || (*end != ',' && *end != '\0')) {
            return field - first;
        }
        line = end + 1;
    }
    return last - first + 1;
}

/* Reads columns `first` to `last`, from 1; returns 0, or -1 after a message on standard error. Free `table->values`. */
static int read_csv(const char *path, size_t first, size_t last, struct table *table)
{
    char *text = csv_text(path);
    size_t n_fields = 0, line_number = 0, room = 0;
    *table = (struct table){NULL, 0, last - first + 1};
    for (char *line = text, *next; line && *line; line = next) {
        size_t len = strcspn(line, "\n");
        next = line + len + (line[len] == '\n');
        line[len] = '\0';
        if (len > 0 && line[len - 1] == '\r') {
            line[len - 1] = '\0';
        }
        line_number++;
        if (line_number == 1) {
            n_fields = csv_fields(line);
            if (first < 1 || first > last || last > n_fields) {
                fprintf(stderr, "%s: there are no columns %zu to %zu of %zu\n", path, first, last, n_fields);
                goto refused;
            }
            continue;
        }
        if (csv_fields(line) != n_fields) {
            fprintf(stderr, "%s:%zu: %zu fields, but line 1 has %zu\n", path, line_number, csv_fields(line), n_fields);
            goto refused;
        }
        if (table->n_rows == room) {
            room = room ? 2 * room : 256;
            double *larger = realloc(table->values, room * table->n_columns * sizeof *larger);
            if (!larger) {
                fprintf(stderr, "%s: %s\n", path, strerror(ENOMEM));
                goto refused;
            }
            table->values = larger;
        }
        size_t n = csv_numbers(line, first, last, table->values + table->n_rows * table->n_columns);
        if (n < table->n_columns) {
            fprintf(stderr, "%s:%zu: field %zu is not a number\n", path, line_number, first + n);
            goto refused;
        }
        table->n_rows++;
    }
    if (text && table->n_rows == 0) {
        fprintf(stderr, "%s: there are no rows below the line of names\n", path);
    }
    if (table->n_rows > 0) {
        free(text);
        return 0;
    }
refused:
    free(text);
    free(table->values);
    table->values = NULL;
    return -1;
}

/* Parses "FIRST-LAST" or "COLUMN", counted from 1; returns 0 for any other text. */
static int parse_columns(const char *text, size_t *first, size_t *last)
{
    char end;
    if (sscanf(text, "%zu-%zu%c", first, last, &end) == 2) {
        return *first >= 1 && *first <= *last;
    }
    *last = 0;
    if (sscanf(text, "%zu%c", first, &end) == 1) {
        *last = *first;
    }
    return *last >= 1;
}

#endif
