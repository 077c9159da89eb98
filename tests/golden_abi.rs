//! Golden values through the C functions, in double and in float.

use gmm::{
    GMM_OK, GMM_OUT_OF_RANGE, gmm_energy_f32, gmm_energy_f64, gmm_matrix_f32, gmm_matrix_f64, gmm_params_f32,
    gmm_params_f64, gmm_status,
};
use gmm_verify::{Case, Dtype, Kind, compare_case, golden_cases, golden_dir};

/// Cases beyond the range of float: case, status, reason.
const REFUSED: &[(&str, gmm_status, &str)] =
    &[("scale_1e20", GMM_OUT_OF_RANGE, "its covariances are near 1e40, and the largest float is 3.4e38")];

/// The outputs of both calls, under the names of the golden arrays.
type Outputs = Vec<(&'static str, Vec<f64>)>;

macro_rules! pipeline {
    ($name:ident, $real:ty, $matrix:ident, $params:ident, $energy:ident) => {
        /// Computes parameters (or takes the given ones), then energies, as a caller of this type would.
        fn $name(case: &Case) -> Result<Outputs, gmm_status> {
            let (n, d, k) = (case.n, case.d, case.k);
            let cast =
                |name: &str| -> Vec<$real> { case.array(name).iter().map(|&value| value as $real).collect() };
            let stride = |cols: usize| isize::try_from(cols).unwrap();
            let view = |values: &[$real], cols: usize| $matrix {
                data: values.as_ptr(),
                rows: n,
                cols,
                row_stride: stride(cols),
                col_stride: 1,
            };
            let z = cast("in.z");
            let [mut phi, mut mu, mut cov, mut chol, mut log_det] =
                [k, k * d, k * d * d, k * d * d, k].map(|len| vec![0.0; len]);
            if case.kind == Kind::Energy {
                [phi, mu, cov, chol, log_det] =
                    ["in.phi", "in.mu", "in.cov", "in.L", "in.log_det_cov"].map(cast);
            } else {
                let gamma = cast("in.gamma");
                // SAFETY: both views describe vectors that are alive, outputs have their shapes.
                let status = unsafe {
                    $params(
                        &view(&z, d),
                        &view(&gamma, k),
                        case.eps as $real,
                        phi.as_mut_ptr(),
                        mu.as_mut_ptr(),
                        cov.as_mut_ptr(),
                        chol.as_mut_ptr(),
                        log_det.as_mut_ptr(),
                    )
                };
                if status != GMM_OK {
                    return Err(status);
                }
            }
            let (mut energies, mut mean, mut diag) = (vec![0.0; n], vec![0.0; 1], vec![0.0; 1]);
            // SAFETY: as above.
            let status = unsafe {
                $energy(
                    &view(&z, d),
                    k,
                    phi.as_ptr(),
                    mu.as_ptr(),
                    cov.as_ptr(),
                    chol.as_ptr(),
                    log_det.as_ptr(),
                    energies.as_mut_ptr(),
                    mean.as_mut_ptr(),
                    diag.as_mut_ptr(),
                )
            };
            if status != GMM_OK {
                return Err(status);
            }
            let arrays = [
                ("phi", phi),
                ("mu", mu),
                ("cov", cov),
                ("L", chol),
                ("log_det_cov", log_det),
                ("sample_energy", energies),
                ("mean_energy", mean),
                ("cov_diag", diag),
            ];
            Ok(arrays.map(|(name, values)| (name, values.into_iter().map(f64::from).collect())).into())
        }
    };
}

pipeline!(in_double, f64, gmm_matrix_f64, gmm_params_f64, gmm_energy_f64);
pipeline!(in_float, f32, gmm_matrix_f32, gmm_params_f32, gmm_energy_f32);

fn every_case_holds(dtype: Dtype, pipeline: fn(&Case) -> Result<Outputs, gmm_status>) {
    let (mut compared, mut failures) = (0, Vec::new());
    for case in golden_cases(&golden_dir()).iter().filter(|case| !case.doc_only) {
        if dtype == Dtype::F32 && !case.inputs_are_float32 {
            continue; // rounded to float they are another problem
        }
        let refused = REFUSED.iter().find(|(name, ..)| dtype == Dtype::F32 && *name == case.name);
        match (pipeline(case), refused) {
            (Err(status), Some((_, expected, _))) if status == *expected => {}
            (Err(status), _) => failures.push(format!("{}: status {status}", case.name)),
            (Ok(_), Some(_)) => failures.push(format!("{}: stale entry in REFUSED", case.name)),
            (Ok(outputs), None) => {
                for (name, got) in outputs {
                    if !case.arrays.contains_key(&format!("ref.{name}")) {
                        continue;
                    }
                    match compare_case(case, name, dtype, &got) {
                        Ok(Some(_)) => compared += 1,
                        Ok(None) => assert!(got.iter().all(|value| !value.is_nan()), "{}: {name}", case.name),
                        Err(message) => failures.push(message),
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared > 250, "only {compared} arrays were compared");
}

#[test]
fn every_golden_case_holds_through_the_double_functions() {
    every_case_holds(Dtype::F64, in_double);
}

#[test]
fn every_golden_case_holds_through_the_float_functions() {
    every_case_holds(Dtype::F32, in_float);
}
