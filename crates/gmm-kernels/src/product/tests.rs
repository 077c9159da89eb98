//! Products against the formula, written out once more in plain loops.

use super::*;
use crate::{available, pack_rows, panels_len, squared_norms_and_whitened};

/// Small integers throughout: every product and sum is exact, so every way must agree to the last bit.
fn products_are_those_of_the_formula<T: Real>() {
    let k = 2;
    let cast = |values: &[f64]| -> Vec<T> { values.iter().map(|&value| T::from_f64(value)).collect() };
    let shapes = [Shape::Upper, Shape::Folded, Shape::Dense];
    for (d, shape) in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 23, 31]
        .into_iter()
        .flat_map(|d| shapes.map(|shape| (d, shape)))
    {
        for n_rows in [1_usize, 7, 24, 47, 48, 49, 100, 240] {
            let rows: Vec<f64> = (0..n_rows * d).map(|at| ((at * 7 + at / d) % 5) as f64 - 1.0).collect();
            let means: Vec<f64> = (0..k * d).map(|at| (at % 3) as f64 - 1.0).collect();
            // Symmetric, as folding wants it.
            let entry =
                |component: usize, i: usize, j: usize| ((component + i * j * 11 + i + j) % 7) as f64 - 3.0;
            let matrices: Vec<f64> =
                (0..k * d * d).map(|at| entry(at / (d * d), at / d % d, at % d)).collect();
            let offset = |at: usize| if shape == Shape::Upper { 0.0 } else { ((at * 3) % 4) as f64 - 1.0 };
            let offsets: Vec<f64> = (0..k * d).map(offset).collect();
            let weight = |component: usize, row: usize| ((row * 2 + component) % 3) as f64;
            let stride = n_rows.next_multiple_of(LANES) + 16;
            let weights: Vec<f64> = (0..k * stride)
                .map(|at| if at % stride < n_rows { weight(at / stride, at % stride) } else { 0.0 })
                .collect();
            let (mut out, mut forms) = (vec![1.0; n_rows * d], vec![0.0; k * n_rows]);
            for (component, row) in (0..k).flat_map(|component| (0..n_rows).map(move |row| (component, row)))
            {
                let x: Vec<f64> = (0..d).map(|i| rows[row * d + i] - means[component * d + i]).collect();
                for i in 0..d {
                    let entries = &matrices[(component * d + i) * d..][..d];
                    let read = (0..d).filter(|&j| shape != Shape::Upper || j >= i);
                    let offset = offsets[component * d + i];
                    let t = offset + read.map(|j| entries[j] * x[j]).sum::<f64>();
                    forms[component * n_rows + row] += x[i] * (t + offset);
                    out[row * d + i] += weight(component, row) * t;
                }
            }
            let mut panels = vec![T::ZERO; panels_len(n_rows, d)];
            pack_rows(&cast(&rows), &mut panels, d);
            let unit: Vec<f64> = (0..d * d).map(|at| f64::from(at % (d + 1) == 0)).collect();
            let whiteners: Vec<Whitener<T>> =
                means.chunks_exact(d).map(|mean| Whitener::new(mean, &unit)).collect();
            let (mut kept, mut squares) = (vec![T::ZERO; k * panels.len()], vec![T::ZERO; k * stride]);
            // About these means and with this factor, whitened is centred.
            squared_norms_and_whitened(&whiteners, &panels, n_rows, &mut kept, &mut squares, stride);
            let operands = match shape {
                Shape::Upper => Operands::Whitened(&kept),
                _ => Operands::Deviations(&whiteners, &panels),
            };
            for isa in available() {
                let parts = matrices.chunks_exact(d * d).zip(offsets.chunks_exact(d));
                let products: Vec<PackedMatrix<T>> =
                    parts.map(|(matrix, offset)| PackedMatrix::for_isa(isa, matrix, offset, shape)).collect();
                let place = format!("{} {isa:?} {n_rows} x {d}, {shape:?}", T::NAME);
                for wants_forms in if shape == Shape::Upper { &[false][..] } else { &[true, false] } {
                    let mut got = vec![T::ONE; panels.len()];
                    let mut got_forms = vec![T::ZERO; k * stride];
                    let results = ProductOutputs {
                        weights: &cast(&weights),
                        stride,
                        out: Some(&mut got),
                        forms: wants_forms.then_some(&mut got_forms[..]),
                    };
                    add_products(&products, operands, n_rows, &mut AlignedBuffer::new(), results);
                    for (row, i) in (0..n_rows).flat_map(|row| (0..d).map(move |i| (row, i))) {
                        let at = (row / LANES * d + i) * LANES + row % LANES;
                        let is_one = shape == Shape::Folded;
                        assert!(is_one || got[at].to_f64() == out[row * d + i], "{place}: row {row}, {i}");
                    }
                    for (component, row) in (0..k).flat_map(|k| (0..n_rows).map(move |row| (k, row))) {
                        let form = got_forms[component * stride + row].to_f64();
                        let expected = if *wants_forms { forms[component * n_rows + row] } else { 0.0 };
                        assert_eq!(form, expected, "{place}: form {component}, {row}");
                    }
                }
            }
        }
    }
}

#[test]
fn products_of_doubles_are_those_of_the_formula() {
    products_are_those_of_the_formula::<f64>();
}

#[test]
fn products_of_singles_are_those_of_the_formula() {
    products_are_those_of_the_formula::<f32>();
}

#[test]
fn a_sample_without_weight_adds_nothing_even_where_its_product_overflows() {
    for isa in available() {
        let product = PackedMatrix::<f64>::for_isa(isa, &[1e300, 0.0, 0.0, 1e300], &[0.0; 2], Shape::Dense);
        let whitener = [Whitener::new(&[0.0; 2], &[1.0, 0.0, 0.0, 1.0])];
        let mut panels = vec![0.0; 2 * LANES];
        pack_rows(&[1e300, -1e300, 1e-300, 2e-300], &mut panels, 2);
        let mut weights = [0.0; LANES];
        weights[1] = 1.0;
        let mut out = vec![0.0; 2 * LANES];
        let results = ProductOutputs { weights: &weights, stride: LANES, out: Some(&mut out), forms: None };
        add_products(
            &[product],
            Operands::Deviations(&whitener, &panels),
            2,
            &mut AlignedBuffer::new(),
            results,
        );
        assert_eq!((out[0], out[LANES]), (0.0, 0.0), "{isa:?}");
        assert_eq!((out[1], out[LANES + 1]), (1e300 * 1e-300, 1e300 * 2e-300), "{isa:?}");
    }
}
