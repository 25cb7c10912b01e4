//! The project service.
