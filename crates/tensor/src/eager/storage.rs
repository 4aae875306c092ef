use std::cell::{Cell, Ref, RefCell};

use half::f16;

use crate::graph::DType;
use crate::layout::Layout;

/// The memory that a tensor and its views share.
#[derive(Debug)]
pub(crate) struct Storage {
    data: RefCell<Data>,
    dtype: DType,
    /// How often it was written to.
    version: Cell<u64>,
}

impl Storage {
    pub(super) fn new(data: Data) -> Self {
        let dtype = data.dtype();
        Self { data: RefCell::new(data), dtype, version: Cell::new(0) }
    }

    pub(super) const fn dtype(&self) -> DType {
        self.dtype
    }

    pub(super) fn data(&self) -> Ref<'_, Data> {
        self.data.borrow()
    }

    pub(super) fn write(&self, write: impl FnOnce(&mut Data)) {
        write(&mut self.data.borrow_mut());
        self.version.set(self.version.get() + 1);
    }

    pub(super) fn version(&self) -> u64 {
        self.version.get()
    }
}

/// What a tensor's element can be.
///
/// Conversion from one kind to another goes through `f64`: numbers are cut towards zero where they become whole, stay
/// within their kind's bounds, and are true where they are not zero.
pub trait Element: Copy + std::fmt::Debug + PartialEq + PartialOrd + 'static {
    /// The kind's name.
    const DTYPE: DType;

    /// The number as a float of 64 bits.
    fn to_f64(self) -> f64;

    /// The nearest that the kind can hold.
    fn from_f64(number: f64) -> Self;

    #[doc(hidden)]
    fn store(elements: Vec<Self>) -> Data;

    #[doc(hidden)]
    fn slice(data: &Data) -> Option<&[Self]>;
}

/// Runs the same code over whatever elements there are.
macro_rules! on_elements {
    ($data:expr, $elements:ident => $body:expr) => {
        match $data {
            $crate::eager::storage::Data::F32($elements) => $body,
            $crate::eager::storage::Data::F16($elements) => $body,
            $crate::eager::storage::Data::I64($elements) => $body,
            $crate::eager::storage::Data::U32($elements) => $body,
            $crate::eager::storage::Data::U8($elements) => $body,
            $crate::eager::storage::Data::Bool($elements) => $body,
        }
    };
}
pub(super) use on_elements;

macro_rules! elements {
    ($($variant:ident: $type:ty, $to:expr, $from:expr;)+) => {
        /// A storage's elements.
        #[derive(Clone, Debug)]
        #[doc(hidden)]
        pub enum Data {
            $($variant(Vec<$type>),)+
        }

        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;

            fn to_f64(self) -> f64 {
                ($to)(self)
            }

            fn from_f64(number: f64) -> Self {
                ($from)(number)
            }

            fn store(elements: Vec<Self>) -> Data {
                Data::$variant(elements)
            }

            fn slice(data: &Data) -> Option<&[Self]> {
                match data {
                    Data::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        })+

        impl Data {
            fn dtype(&self) -> DType {
                match self {
                    $(Self::$variant(_) => DType::$variant,)+
                }
            }

            /// One number.
            pub(super) fn of(number: f64, dtype: DType) -> Self {
                match dtype {
                    $(DType::$variant => Self::$variant(vec![<$type>::from_f64(number)]),)+
                }
            }

            /// The elements that a layout picks, in order, as another kind.
            pub(super) fn converted(&self, layout: &Layout, dtype: DType) -> Self {
                match dtype {
                    $(DType::$variant => on_elements!(self, elements => {
                        let numbers = layout.positions().map(|position| elements[position].to_f64());
                        Self::$variant(numbers.map(<$type>::from_f64).collect())
                    }),)+
                }
            }

            /// The elements that a layout picks, in order.
            pub(super) fn picked(&self, layout: &Layout) -> Self {
                on_elements!(self, elements => Element::store(if layout.is_contiguous() {
                    elements[layout.offset..layout.offset + layout.numel()].to_vec()
                } else {
                    layout.positions().map(|position| elements[position]).collect()
                }))
            }

            /// Replaces the elements that a layout picks, in order.
            ///
            /// # Panics
            /// Where the elements are of another kind.
            pub(super) fn replace(&mut self, layout: &Layout, from: &Self) {
                match (self, from) {
                    $((Self::$variant(to), Self::$variant(from)) => {
                        for (position, element) in layout.positions().zip(from) {
                            to[position] = *element;
                        }
                    })+
                    _ => unreachable!("the elements were converted first"),
                }
            }
        }
    };
}

elements! {
    F32: f32, f64::from, |number: f64| number as f32;
    F16: f16, f64::from, f16::from_f64;
    I64: i64, |number: i64| number as f64, |number: f64| number as i64;
    U32: u32, f64::from, |number: f64| number as u32;
    U8: u8, f64::from, |number: f64| number as u8;
    Bool: bool, f64::from, |number: f64| number != 0.0;
}
