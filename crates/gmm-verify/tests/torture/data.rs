//! The list of difficult data: data that users pass, and that break an estimator tested only on well-behaved data.

use gmm_core::Real;
use gmm_verify::cases::Stream;

/// Samples (n × d), their weights, and the number of components to fit.
#[derive(Clone, Debug)]
pub struct Nasty {
    pub name: String,
    pub n: usize,
    pub d: usize,
    pub z: Vec<f64>,
    pub weights: Option<Vec<f64>>,
    pub k: usize,
}

impl Nasty {
    fn new(name: impl Into<String>, d: usize, k: usize, z: Vec<f64>) -> Self {
        Nasty { name: name.into(), n: z.len() / d, d, z, weights: None, k }
    }

    fn weighted(self, weight: impl Fn(usize) -> f64) -> Self {
        let weights = (0..self.n).map(weight).collect();
        Nasty { weights: Some(weights), ..self }
    }

    fn has_weight(&self, row: usize) -> bool {
        self.weights.as_ref().is_none_or(|weights| weights[row] > 0.0)
    }

    /// The number of rows with a positive weight.
    pub fn n_present(&self) -> usize {
        (0..self.n).filter(|&row| self.has_weight(row)).count()
    }

    /// The largest magnitude in any row, whatever its weight.
    pub fn largest(&self) -> f64 {
        self.z.iter().fold(0.0, |most, value| most.max(value.abs()))
    }

    /// Whether the rows with weight have no variance in a type: the squares of their differences underflow, or all
    /// weights but one are negligible.
    pub fn is_flat<T: Real>(&self) -> bool {
        let value = |at: usize| T::from_f64(self.z[at]).to_f64();
        let weight = |row: usize| self.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let most = (0..self.n).map(weight).fold(0.0, f64::max);
        let rows: Vec<usize> =
            (0..self.n).filter(|&row| weight(row) > 0.0 && weight(row) / most > f64::EPSILON).collect();
        let first = rows[0] * self.d;
        let apart = |row: usize, i: usize| (value(row * self.d + i) - value(first + i)).powi(2);
        rows.iter().all(|&row| (0..self.d).all(|i| apart(row, i) == 0.0))
    }
}

/// Well-behaved rows around three centres.
pub fn plain(n: usize, d: usize) -> Vec<f64> {
    let mut stream = Stream(11);
    let centre = |row: usize, feature: usize| ((row % 3) * (feature + 2)) as f64;
    (0..n * d).map(|at| centre(at / d, at % d) + stream.normal()).collect()
}

/// Plain rows with each value replaced by `value(feature, x)`.
fn made(n: usize, d: usize, value: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    plain(n, d).iter().enumerate().map(|(at, &x)| value(at % d, x)).collect()
}

/// Rows whose features are functions of the two features of a plain row.
fn of_two(n: usize, d: usize, value: impl Fn(usize, f64, f64) -> f64) -> Vec<f64> {
    let pairs = plain(n, 2);
    pairs.chunks(2).flat_map(|row| (0..d).map(|i| value(i, row[0], row[1])).collect::<Vec<_>>()).collect()
}

/// The list.
pub fn list() -> Vec<Nasty> {
    let (n, d, k) = (30, 3, 3);
    let mut list = vec![
        Nasty::new("all rows identical", d, k, [1.5, -2.0, 1e3].repeat(n)),
        Nasty::new("identical rows that have no exact mean", d, k, [0.1, 1.0 / 3.0, 1e9 / 7.0].repeat(n)),
        Nasty::new("all zeros", d, k, vec![0.0; n * d]),
        Nasty::new("one row", d, 1, vec![1.0, 2.0, 3.0]),
        Nasty::new("one row, two components", d, 2, vec![1.0, 2.0, 3.0]),
        Nasty::new("one constant feature", d, k, made(n, d, |i, x| if i == 1 { 0.1 } else { x })),
        Nasty::new("only one feature varies", d, k, made(n, d, |i, x| if i == 1 { x } else { 1e5 })),
        Nasty::new("duplicate features", 4, k, of_two(n, 4, |i, x, y| [x, y][i % 2])),
        Nasty::new("equal and opposite features", 2, k, of_two(n, 2, |i, x, _| [x, -x][i])),
        Nasty::new("collinear features", 3, k, of_two(n, 3, |i, x, y| [x, y, 0.3 * x - 0.7 * y][i])),
        Nasty::new("n = d = k", 4, 4, plain(4, 4)),
        Nasty::new("fewer rows than features", 12, 2, plain(5, 12)),
        Nasty::new("few rows, features for the blocked factor", 20, 3, plain(9, 20)),
        Nasty::new("features that come as rows", 50, 2, plain(12, 50)),
        Nasty::new("k = n", 2, 10, plain(10, 2)),
        Nasty::new("k = n, identical", 2, 6, vec![7.0; 12]),
        Nasty::new("k = n - 1", 2, 9, plain(10, 2)),
        Nasty::new("two distinct rows", 2, 5, [0.0, 0.0, 4.0, 4.0].repeat(8)),
        Nasty::new("two distinct rows, one of them once", 1, 3, [vec![0.0; 20], vec![1.0]].concat()),
        Nasty::new("integers", d, k, made(n, d, |_, x| x.round())),
        Nasty::new("zeros and ones", d, 4, made(n, d, |_, x| f64::from(x > 1.0))),
        Nasty::new("offset 1e8", d, k, made(n, d, |_, x| 1e8 + x)),
        Nasty::new("offset 1e15", d, k, made(n, d, |_, x| 1e15 + x)),
        Nasty::new("an outlier at 1e12", d, k, [made(n, d, |_, x| x), vec![1e12; d]].concat()),
        Nasty::new("an outlier at 1e30", 1, 2, [plain(n, 1), vec![1e30]].concat()),
        Nasty::new("mixed scales", d, k, made(n, d, |i, x| x * [1e-20, 1.0, 1e20][i])),
        Nasty::new("scales that mix beyond f64", 2, k, made(n, 2, |i, x| x * [1e-160, 1e140][i])),
        Nasty::new("subnormal", d, k, made(n, d, |_, x| x * 1e-310)),
        Nasty::new("one subnormal feature", d, k, made(n, d, |i, x| if i == 2 { x * 1e-310 } else { x })),
        Nasty::new("the least number", 1, 2, (0..n).map(|i| f64::from_bits((i % 3) as u64)).collect()),
        Nasty::new("the least numbers of f32", 1, 2, (0..n).map(|i| (i % 3) as f64 * 1e-45).collect()),
        Nasty::new("near the limit of f32", d, k, made(n, d, |_, x| (x / 16.0).clamp(-1.0, 1.0) * 3.4e38)),
        Nasty::new("both limits of f32", 1, 2, [-3.4e38, 3.4e38].repeat(n)),
        Nasty::new("both limits of f64", 2, 2, [-f64::MAX, f64::MAX, f64::MAX, -f64::MAX].repeat(n)),
        Nasty::new("two places 1e160 apart", 1, 2, [0.0, 1e160].repeat(n)),
    ];
    for scale in [1e-160, 1e-100, 1e-30, 1e-20, 1e-10, 1e10, 1e20, 1e30, 1e100, 1e150, 1e160, 1e300] {
        list.push(Nasty::new(format!("scale {scale:e}"), d, k, made(n, d, |_, x| scale * x)));
        let middle = made(n, d, |i, x| if i == 1 { scale * x } else { x });
        list.push(Nasty::new(format!("one feature of scale {scale:e}"), d, k, middle));
    }
    list.extend(weighted());
    list
}

/// The cases with weights.
fn weighted() -> Vec<Nasty> {
    let (n, d, k) = (30, 3, 3);
    let base = |name| Nasty::new(name, d, k, plain(n, d));
    // Every third row is huge and has weight 0.
    let with_absent = |name: &str, n: usize, d, k, huge: f64| {
        let value = |at: usize, x: f64| if at / d % 3 == 1 { huge * [1.0, -1.0][at % 2] } else { x };
        let z = plain(n, d).iter().enumerate().map(|(at, &x)| value(at, x)).collect();
        Nasty::new(name, d, k, z).weighted(|row| f64::from(row % 3 != 1))
    };
    vec![
        base("weights over 30 orders").weighted(|row| 10f64.powi(row as i32 - 15)),
        base("weights over 600 orders").weighted(|row| 10f64.powi(20 * row as i32 - 300)),
        base("weights of 1e-300").weighted(|_| 1e-300),
        base("subnormal weights").weighted(|row| 5e-324 * (1 + row % 3) as f64),
        base("weights of 1e300").weighted(|_| 1e300),
        base("one row counts").weighted(|row| f64::from(row == 7)),
        base("one row counts more than all").weighted(|row| if row == 7 { 1e20 } else { 1.0 }),
        base("as many rows count as components").weighted(|row| f64::from(row % 10 == 4)),
        base("fewer rows count than components").weighted(|row| f64::from(row % 15 == 4)),
        with_absent("absent rows of 1e300", n, d, k, 1e300),
        with_absent("absent rows of f64::MAX", n, d, k, f64::MAX),
        with_absent("absent rows of f64::MAX, one feature", n, 1, 2, f64::MAX),
        with_absent("absent rows of f64::MAX, more features", n, 7, 2, f64::MAX),
        with_absent("absent rows of f64::MAX, as rows", n, 50, 2, f64::MAX),
        with_absent("absent rows of the limit of f32", n, d, k, 3.4e38),
        with_absent("absent rows of the limit of f32, more features", n, 7, 2, 3.4e38),
        with_absent("absent rows of the limit of f32, as rows", n, 50, 2, 3.4e38),
    ]
}
