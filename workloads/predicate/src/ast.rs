//! The syntax tree, generic over what stands for a value: terms with variables while parsed, plain literals
//! in a [`Filter`], which is what the readers walk.
//!
//! Trees are never deeper than the parser lets them be (plus one conjunction around several predicates), so
//! recursing over them is safe.

/// A parsed predicate, with variables still open.
pub type Parsed = Expr<Term, Terms>;

/// A predicate whose values are all known: what a reader translates.
pub type Filter = Expr<Literal, Values>;

/// A condition on one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr<T, L> {
    /// All of them; over none, true.
    And(Vec<Self>),
    /// At least one of them; over none, false.
    Or(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// A test on the field `name`.
    Field {
        /// The field's name as it stands in the JSON.
        name: String,
        /// What the model promises about the value; [`Shape::Any`] before the check.
        shape: Shape,
        /// What is asked of its value.
        test: Test<T, L>,
    },
}

/// What is asked of the value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test<T, L> {
    /// `= != < <= > >=` with one value.
    Compare(Comparison, T),
    /// `in` and `not in`.
    In {
        /// `not in`.
        negated: bool,
        /// The list.
        items: L,
    },
    /// `contains any` and `contains all`.
    Contains(Quantifier, L),
    /// `is empty`, or with `true` `is not empty`.
    Empty {
        /// `is not empty`.
        negated: bool,
    },
    /// `is defined`, or with `true` `is not defined`.
    Defined {
        /// `is not defined`.
        negated: bool,
    },
    /// `within circle(…)`.
    Within(Circle<T>),
    /// A condition on the object, or on one object of the array, under the field.
    Nested(Box<Expr<T, L>>),
}

/// What the model promises about the JSON under a name, when there is any. A reader may rely on it to choose
/// a cheaper form; on documents that break the promise readers may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Nothing is known.
    #[default]
    Any,
    /// Never an array.
    One,
    /// Always an array.
    Many,
}

/// An operator between a field and one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=` and `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How many of the listed values an array has to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one; of no values, none: false.
    Any,
    /// Every one; of no values: true for any array.
    All,
}

/// A circle on the globe: GeoJSON points are `[longitude, latitude]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Circle<T> {
    /// Degrees east.
    pub longitude: T,
    /// Degrees north.
    pub latitude: T,
    /// Metres.
    pub radius: T,
}

/// A value in a predicate.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// A number without fraction that fits 64 bits.
    Integer(i64),
    /// Any other number; always finite.
    Decimal(f64),
    /// `true` or `false`.
    Boolean(bool),
}

/// The kinds of scalars; only values of one kind compare with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Numbers of either sort.
    Number,
    /// `true` and `false`.
    Boolean,
}

impl Literal {
    /// The kind of the value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Integer(_) | Self::Decimal(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
        }
    }
}

/// A value, or the name of the variable that brings it.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// Written in the predicate.
    Literal(Literal),
    /// `:name`
    Variable(String),
}

/// A list of values, or the name of the variable that brings it.
#[derive(Debug, Clone, PartialEq)]
pub enum Terms {
    /// `("a", :b)`; a variable inside may bring several values.
    Items(Vec<Term>),
    /// `:name`
    Variable(String),
}

/// A list of known values.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(pub Vec<Literal>);

impl Values {
    /// The values of one kind, in order.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Literal> {
        self.0.iter().filter(move |value| value.kind() == kind)
    }
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Text, Self::Number, Self::Boolean];
}

impl<T, L> Test<T, L> {
    /// Whether the test can only hold where the field is present and not `null`.
    #[must_use]
    pub fn needs_value(&self) -> bool {
        !matches!(self, Self::Empty { negated: false } | Self::Defined { negated: true })
    }
}

impl<T, L> Expr<T, L> {
    /// Whether the condition can only hold where one of the fields that it names is present and not `null`,
    /// so never on a missing object.
    #[must_use]
    pub fn needs_value(&self) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(Self::needs_value),
            Self::Or(parts) => parts.iter().all(Self::needs_value),
            Self::Not(_) => false,
            Self::Field { test, .. } => test.needs_value(),
        }
    }
}
