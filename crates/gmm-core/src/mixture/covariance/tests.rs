//! Every covariance type against its dense equivalent, and the invalid covariances that are refused.

use super::*;

/// Values of a covariance type for k = 2, d = 2.
fn values(covariance_type: CovarianceType) -> Vec<f64> {
    match covariance_type {
        CovarianceType::Full => vec![4.0, 2.0, 2.0, 5.0, 1.0, 0.0, 0.0, 9.0],
        CovarianceType::Tied => vec![4.0, 2.0, 2.0, 5.0],
        CovarianceType::Diag => vec![4.0, 16.0, 1.0, 9.0],
        CovarianceType::Spherical => vec![4.0, 0.25],
    }
}

#[test]
fn every_covariance_type_agrees_with_its_dense_equivalent() {
    for covariance_type in CovarianceType::ALL {
        let covariances = Covariances::new(covariance_type, &values(covariance_type), 2, 2).unwrap();
        assert_eq!((covariances.covariance_type(), covariances.n_components()), (covariance_type, 2));
        let dense =
            Full::new(covariances.to_full().values().to_vec(), vec![0.0; 2], 2, &Threads::one()).unwrap();
        assert_eq!(covariances.to_full().cholesky(), dense.cholesky(), "{covariance_type}");
        for (got, want) in covariances.log_dets().iter().zip(dense.log_dets()) {
            assert!((got - want).abs() < 1e-15, "{covariance_type}: {got} {want}");
        }
        for component in 0..2 {
            assert_eq!(covariances.variances(component), dense.variances(component), "{covariance_type}");
        }
        let copied = covariances.copied(1, 0);
        let of_one =
            |full: &Full| (full.values()[4..].to_vec(), full.cholesky()[4..].to_vec(), full.log_dets()[1]);
        assert_eq!(copied.log_dets(), [covariances.log_dets()[1]; 2], "{covariance_type}");
        assert_eq!(copied.to_full().values()[..4], covariances.to_full().values()[4..], "{covariance_type}");
        assert_eq!(
            copied.to_full().cholesky()[..4],
            covariances.to_full().cholesky()[4..],
            "{covariance_type}"
        );
        assert_eq!(of_one(&copied.to_full()), of_one(&covariances.to_full()), "{covariance_type}");
        let (mut own, mut by_dense) = ([3.0, -2.0], [3.0, -2.0]);
        covariances.unwhiten(1, &mut own);
        dense.unwhiten(1, &mut by_dense);
        assert_eq!(own, by_dense, "{covariance_type}");
        let factors = [covariances.values(), covariances.ridges(), covariances.cholesky()];
        let again = Covariances::from_factors(covariance_type, factors[0], factors[1], factors[2], 2, 2);
        assert_eq!(again, Ok(covariances));
    }
}

#[test]
fn precisions_are_inverted_in_their_own_shape() {
    let two = Covariances::from_precisions(CovarianceType::Tied, &[2.0, 1.0, 1.0, 1.0], 3, 2).unwrap();
    assert_eq!((two.values(), two.log_dets().len()), (&[1.0, -1.0, -1.0, 2.0][..], 3));
    let diag = Covariances::from_precisions(CovarianceType::Diag, &[4.0, 0.25], 1, 2).unwrap();
    assert_eq!((diag.values(), &*diag.precisions_cholesky()), (&[0.25, 4.0][..], &[2.0, 0.5][..]));
    let refused = Covariances::from_precisions(CovarianceType::Diag, &[4.0, 0.0], 1, 2).unwrap_err();
    assert_eq!(refused, Error::PrecisionNotPositiveDefinite { component: 0, pivot: 1 });
}

#[test]
fn invalid_covariances_are_refused_by_name() {
    let refusal = |covariance_type, values: &[f64]| {
        Covariances::new(covariance_type, values, 2, 2).unwrap_err().to_string()
    };
    let advice = "(ridge 0e0); use fewer components, a larger reg_covar, or rescale the features";
    for (covariance_type, values, message) in [
        (
            CovarianceType::Tied,
            &[1.0, 2.0, 2.0, 1.0][..],
            format!("covariance of component 0 is not positive definite at feature 1 {advice}"),
        ),
        (
            CovarianceType::Diag,
            &[1.0, 1.0, 1.0, 0.0],
            format!("covariance of component 1 is not positive definite at feature 1 {advice}"),
        ),
        (
            CovarianceType::Spherical,
            &[1.0, -1.0],
            format!("covariance of component 1 is not positive definite at feature 0 {advice}"),
        ),
        (
            CovarianceType::Spherical,
            &[1.0, f64::NAN],
            "covariances is NaN at component 1; remove or impute such values first".into(),
        ),
        (
            CovarianceType::Diag,
            &[1.0],
            "covariances has shape 1 but covariances of this type has shape 2 x 2".into(),
        ),
    ] {
        assert_eq!(refusal(covariance_type, values), message);
    }
    let wrong = Covariances::from_factors(CovarianceType::Diag, &[4.0, 9.0], &[0.0], &[2.0, 2.0], 1, 2);
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "cholesky factor of component 0 does not multiply to the covariance at row 1, column 1; \
         pass the factor of covariance + ridge * I"
    );
}

/// Enough matrices for several threads.
#[test]
fn the_first_refused_component_is_named_on_any_number_of_threads() {
    let (k, d) = (6, 120);
    let mut values: Vec<f64> =
        (0..k * d * d).map(|at| f64::from(u8::from(at % (d * d) % (d + 1) == 0))).collect();
    for count in [1, 2, 3] {
        let full = Full::new(values.clone(), vec![0.0; k], d, &Threads::new(count)).unwrap();
        assert_eq!((full.cholesky(), full.log_dets()), (&values[..], &vec![0.0; k][..]));
    }
    for (component, pivot) in [(5, 3), (2, 7), (4, 5)] {
        values[component * d * d + pivot * (d + 1)] = 0.0;
    }
    let unit = Full::new(values.clone(), vec![1.0; k], d, &Threads::one()).unwrap();
    for count in [1, 2, 3] {
        let threads = Threads::new(count);
        let refused = Full::new(values.clone(), vec![0.0; k], d, &threads).unwrap_err();
        assert_eq!(refused, Error::NotPositiveDefinite { component: 2, pivot: 7, ridge: 0.0 });
        let raised = Full::with_escalating_ridge(values.clone(), vec![0.0; k], d, 1e-3, &threads).unwrap();
        assert_eq!(raised.ridges(), [0.0, 0.0, 1e-12, 0.0, 1e-12, 1e-12]);
        let mut raises = Vec::new();
        let ridge = Ridge { base: 0.0, scale: 1.0 };
        unit.maximised(values.clone(), &[], ridge, &mut raises, &threads).unwrap();
        assert_eq!(raises.iter().map(|raise| raise.component).collect::<Vec<_>>(), [2, 4, 5]);
        // An absent component keeps its covariance; its values are not read.
        let mut raises = Vec::new();
        let kept = unit.maximised(values.clone(), &[4], ridge, &mut raises, &threads).unwrap();
        assert_eq!(raises.iter().map(|raise| raise.component).collect::<Vec<_>>(), [2, 5]);
        assert_eq!((kept.values()[4 * d * d + 5 * (d + 1)], kept.ridges()[4]), (0.0, 1.0));
        // No ridge repairs a correlation of three.
        let mut values = values.clone();
        values[2 * d * d + 1] = 3.0;
        values[2 * d * d + d] = 3.0;
        let refused = unit.maximised(values, &[], ridge, &mut raises, &threads).unwrap_err();
        assert!(matches!(refused, Error::NotPositiveDefinite { component: 2, .. }), "{refused}");
    }
}

#[test]
fn a_covariance_of_equal_variances_has_the_shape_of_its_type() {
    let of = |covariance_type: CovarianceType| covariance_type.isotropic(3.0, 2);
    assert_eq!(of(CovarianceType::Full), [3.0, 0.0, 0.0, 3.0]);
    assert_eq!(of(CovarianceType::Tied), [3.0, 0.0, 0.0, 3.0]);
    assert_eq!(of(CovarianceType::Diag), [3.0, 3.0]);
    assert_eq!(of(CovarianceType::Spherical), [3.0]);
}
