//! Queries that the server can only narrow down.

use crate::harness::*;
use kit::store::{MAIN, Query, Sort, Store};
use std::collections::HashMap;
use std::time::Duration;

#[tokio::test]
async fn pages_and_counts_are_right_where_candidates_are_looked_at_here() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    for n in 0..10 {
        // Each has an element with x = 1 and one with y = 1; for even numbers it is the same one.
        let parts = if n % 2 == 0 { r#"[{"x":1,"y":1}]"# } else { r#"[{"x":1,"y":2},{"x":2,"y":1}]"# };
        let mut document = document(&format!("d{n}"), 1, &[]);
        document.views[0].served = format!(r#"{{"n":{n},"parts":{parts}}}"#);
        write(&store, document, vec![]).await.unwrap();
    }
    let filter = predicate::parse("parts(x = 1 and y = 1)").unwrap().bind(&HashMap::new()).unwrap();
    let page = async |limit, offset, count_to, descending| {
        let query = Query {
            project: PROJECT.to_owned(),
            kind: KIND,
            view: MAIN,
            filters: vec![filter.clone()],
            sort: vec![Sort { path: vec!["n".to_owned()], descending }],
            limit,
            offset,
            count_to,
            time_limit: Duration::from_secs(20),
        };
        let page = store.query(query).await.unwrap();
        let first_digit = |text: &String| text.chars().find(char::is_ascii_digit).unwrap();
        (page.results.iter().map(first_digit).collect::<String>(), page.total)
    };
    assert_eq!(page(500, 0, None, false).await, ("02468".to_owned(), None));
    assert_eq!(page(2, 1, Some(100), false).await, ("24".to_owned(), Some(5)));
    assert_eq!(page(2, 0, Some(100), true).await, ("86".to_owned(), Some(5)));
    assert_eq!(page(5, 4, Some(3), false).await, ("8".to_owned(), Some(3)));
    assert_eq!(page(0, 0, Some(3), false).await, (String::new(), Some(3)));
    assert_eq!(page(0, 0, None, false).await, (String::new(), None));
    assert_eq!(page(2, 9, Some(0), false).await, (String::new(), Some(0)));
}
