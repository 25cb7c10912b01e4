use super::products::{draft, shop};
use super::shop::Shop;
use serde_json::{Value, json};

async fn priced() -> Shop {
    let shop = shop().await;
    let price =
        |currency: &str, cents: i64| json!({"value": {"currencyCode": currency, "centAmount": cents}});
    let mut german = price("EUR", 300);
    german["country"] = json!("DE");
    let mut over = price("EUR", 1);
    over["validUntil"] = json!("2001-01-01T00:00:00Z");
    let mut draft = draft("p1");
    draft["publish"] = json!(true);
    // Names that look like what price selection looks for must not confuse it.
    draft["description"] = json!({"en": "\"prices\":[{\"value\":1}] EUR ü \\ \u{1F600}"});
    draft["masterVariant"]["prices"] = json!([price("USD", 100), price("EUR", 200), german, over]);
    draft["variants"] = json!([{"sku": "second", "prices": [price("USD", 101)]}]);
    shop.create("/products", draft).await;
    shop
}

fn cents(projection: &Value) -> (Option<i64>, Option<i64>) {
    let of = |variant: &Value| variant["price"]["value"]["centAmount"].as_i64();
    (of(&projection["masterVariant"]), of(&projection["variants"][0]))
}

#[tokio::test]
async fn a_projection_is_the_current_version_with_the_products_id_and_version() {
    let shop = priced().await;
    let product = shop.get("/products/key=p1").await;
    let projection = shop.get("/product-projections/key=p1").await;
    for field in ["id", "version", "key", "productType", "createdAt", "lastModifiedAt"] {
        assert_eq!(projection[field], product[field], "{field}");
    }
    for field in [
        "name",
        "slug",
        "description",
        "categories",
        "masterVariant",
        "variants",
        "attributes",
        "searchKeywords",
    ] {
        assert_eq!(projection[field], product["masterData"]["current"][field], "{field}");
    }
    assert_eq!((&projection["published"], &projection["hasStagedChanges"]), (&json!(true), &json!(false)));
    assert!(projection.get("masterData").is_none());
    let id = product["id"].as_str().unwrap();
    assert_eq!(shop.get(&format!("/product-projections/{id}")).await, projection);
    assert_eq!(shop.raw("HEAD", "/product-projections/key=p1", None).await, (200, String::new()));
}

#[tokio::test]
async fn staged_projections_show_what_is_not_published() {
    let shop = priced().await;
    shop.update("/products/key=p1", json!([{"action": "changeName", "name": {"en": "new"}}])).await;
    assert_eq!(shop.get("/product-projections/key=p1").await["name"]["en"], "p1");
    assert_eq!(shop.get("/product-projections/key=p1?staged=true").await["name"]["en"], "new");
    shop.update("/products/key=p1", json!([{"action": "unpublish"}])).await;
    assert_eq!(shop.status_of("/product-projections/key=p1").await, 404);
    assert_eq!(shop.status_of("/product-projections/key=p1?staged=true").await, 200);
    assert_eq!(shop.get("/product-projections").await["total"], 0);
    assert_eq!(shop.get("/product-projections?staged=true").await["total"], 1);
}

#[tokio::test]
async fn prices_are_selected_for_each_variant_only_when_asked_for() {
    let shop = priced().await;
    let path = "/product-projections/key=p1";
    assert_eq!(cents(&shop.get(path).await), (None, None));
    assert_eq!(cents(&shop.get(&format!("{path}?priceCurrency=USD")).await), (Some(100), Some(101)));
    assert_eq!(cents(&shop.get(&format!("{path}?priceCurrency=EUR")).await), (Some(200), None));
    assert_eq!(
        cents(&shop.get(&format!("{path}?priceCurrency=EUR&priceCountry=DE")).await),
        (Some(300), None)
    );
    assert_eq!(
        cents(&shop.get(&format!("{path}?priceCurrency=EUR&priceCountry=FR&priceChannel=x")).await),
        (Some(200), None)
    );
    let mut with = shop.get(&format!("{path}?priceCurrency=USD")).await;
    for variant in ["/masterVariant", "/variants/0"] {
        let variant = with.pointer_mut(variant).unwrap().as_object_mut().unwrap();
        assert!(variant["prices"].as_array().unwrap().contains(&variant["price"]));
        variant.remove("price");
    }
    assert_eq!(with, shop.get(path).await, "nothing else changes");
    let listed = shop.get("/product-projections?priceCurrency=USD").await;
    assert_eq!(cents(&listed["results"][0]), (Some(100), Some(101)));
    let product = shop.get("/products/key=p1?priceCurrency=EUR").await;
    assert_eq!(cents(&product["masterData"]["staged"]).0, Some(200));
    assert_eq!(cents(&product["masterData"]["current"]).0, Some(200));
}

#[tokio::test]
async fn attributes_are_filtered_by_name() {
    let shop = shop().await;
    let mut draft = draft("p1");
    draft["attributes"] = json!([{"name": "origin", "value": "here"}]);
    let value = |name: &str, value: &str| json!({"name": name, "value": value});
    draft["masterVariant"]["attributes"] =
        json!([value("serial", "1"), value("color", "red"), value("size", "s")]);
    shop.create("/products", draft).await;
    let names = |of: &Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected, of_product) in [
        ("", vec!["serial", "color", "size"], true),
        ("&filter[attributes]=color&filter%5Battributes%5D=size", vec!["color", "size"], false),
        ("&filter%5Battributes%5D=-color&filter%5Battributes%5D=-origin", vec!["serial", "size"], false),
        (
            "&filter%5Battributes%5D=-color&filter%5Battributes%5D=origin&filter%5Battributes%5D=color",
            vec![],
            true,
        ),
    ] {
        let one = shop.get(&format!("/product-projections/key=p1?staged=true{query}")).await;
        assert_eq!(names(&one["masterVariant"]["attributes"]), expected, "{query}");
        assert_eq!(names(&one["attributes"]).len(), usize::from(of_product), "{query}");
        let list = shop.get(&format!("/product-projections?staged=true{query}")).await;
        assert_eq!(list["results"][0], one, "{query}");
    }
}

#[tokio::test]
async fn price_parameters_need_a_currency_and_good_codes() {
    let shop = priced().await;
    for query in [
        "priceCountry=DE",
        "priceChannel=x",
        "priceCustomerGroup=x",
        "priceCurrency=XXQ",
        "priceCurrency=EUR&priceCountry=Germany",
    ] {
        for path in ["/product-projections/key=p1", "/product-projections", "/products/key=p1", "/products"] {
            let (status, error) = shop.call("GET", &format!("{path}?{query}"), None).await;
            assert_eq!(
                (status, &error["errors"][0]["code"]),
                (400, &json!("InvalidInput")),
                "{path}?{query}"
            );
            assert_eq!(
                shop.raw("HEAD", &format!("{path}?{query}"), None).await.0,
                400,
                "HEAD {path}?{query}"
            );
        }
    }
    assert_eq!(shop.raw("HEAD", "/product-projections?localeProjection=German", None).await.0, 400);
    assert_eq!(
        shop.raw("HEAD", "/product-projections?localeProjection=de&priceCurrency=EUR", None).await.0,
        200
    );
    let before = shop.get("/products/key=p1").await;
    let update = json!({"version": before["version"], "actions": [{"action": "unpublish"}]});
    assert_eq!(shop.call("POST", "/products/key=p1?priceCountry=DE", Some(&update)).await.0, 400);
    assert_eq!(shop.get("/products/key=p1").await, before, "a refused request writes nothing");
}

#[tokio::test]
async fn lists_filter_sort_page_and_expand_on_the_projections_fields() {
    let shop = priced().await;
    for (key, serial) in [("p2", "x"), ("p3", "y")] {
        let mut draft = draft(key);
        draft["publish"] = json!(true);
        draft["masterVariant"]["attributes"] = json!([{"name": "serial", "value": serial}]);
        shop.create("/products", draft).await;
    }
    let keys = |list: &Value| {
        list["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let list = shop.get("/product-projections?sort=name.en desc&limit=2").await;
    assert_eq!(
        (keys(&list), &list["total"], &list["count"]),
        (vec!["p3".to_owned(), "p2".to_owned()], &json!(3), &json!(2))
    );
    for (filter, expected) in [
        ("slug(en=\"p2\")", vec!["p2"]),
        ("masterVariant(sku=\"p1\")", vec!["p1"]),
        ("variants(sku=\"second\")", vec!["p1"]),
        ("masterVariant(attributes(name=\"serial\" and value=\"y\"))", vec!["p3"]),
        ("masterVariant(prices(value(centAmount>250)))", vec!["p1"]),
        ("key in (\"p1\",\"p3\")", vec!["p1", "p3"]),
        ("masterVariant(sku=\"second\") or variants(sku=\"second\")", vec!["p1"]),
        ("slug(en=\"p2\") and key=\"p1\"", vec![]),
        ("slug(en=\"p2\") or key=\"p1\"", vec!["p1", "p2"]),
        ("not(slug(en=\"p2\"))", vec!["p1", "p3"]),
        ("key=\"none\"", vec![]),
    ] {
        assert_eq!(
            keys(&shop.get(&format!("/product-projections?where={filter}&sort=key")).await),
            expected,
            "{filter}"
        );
    }
    let one = shop.get("/product-projections?where=key=\"p1\"&offset=1").await;
    assert_eq!((&one["total"], &one["count"]), (&json!(1), &json!(0)));
    shop.update("/products/key=p2", json!([{"action": "changeSlug", "slug": {"en": "next"}}])).await;
    assert_eq!(shop.get("/product-projections?where=slug(en=\"next\")").await["total"], 0, "not current yet");
    assert_eq!(shop.get("/product-projections?where=slug(en=\"next\")&staged=true").await["total"], 1);
    let list = shop.get("/product-projections?expand=productType&limit=1").await;
    assert_eq!(list["results"][0]["productType"]["obj"]["key"], "plain");
    assert_eq!(shop.status_of("/product-projections?where=masterData(published=true)").await, 400);
    assert_eq!(shop.raw("HEAD", "/product-projections?where=key=\"none\"", None).await.0, 404);
    assert_eq!(shop.raw("HEAD", "/product-projections?where=key=\"p1\"", None).await.0, 200);
}

#[tokio::test]
async fn tokens_for_published_products_see_nothing_else() {
    let mut shop = priced().await;
    shop.with_scopes("view_published_products");
    assert_eq!(shop.status_of("/product-projections/key=p1").await, 200);
    assert_eq!(shop.status_of("/product-projections/key=p1?staged=true").await, 403);
    assert_eq!(shop.status_of("/product-projections?staged=true").await, 403);
    assert_eq!(shop.status_of("/products/key=p1").await, 403);
    shop.with_scopes("view_products");
    assert_eq!(shop.status_of("/product-projections/key=p1?staged=true").await, 200);
    assert_eq!(shop.status_of("/products/key=p1").await, 200);
    shop.with_scopes("manage_orders");
    assert_eq!(shop.status_of("/product-projections/key=p1").await, 403);
}

#[tokio::test]
async fn variants_in_all_answers_show_their_stock_and_the_stored_product_does_not() {
    let shop = shop().await;
    let mut draft = draft("p1");
    draft["publish"] = json!(true);
    draft["masterVariant"]["sku"] = json!("in-stock");
    draft["variants"] = json!([{"sku": "other"}]);
    let made = shop.create("/products", draft).await;
    let shown = json!({"isOnStock": true, "availableQuantity": 4, "id": "entry", "version": 1});
    let assert_shown = |data: &Value| {
        assert_eq!(data["masterVariant"]["availability"], shown);
        assert!(data["variants"][0].get("availability").is_none());
    };
    assert_shown(&made["masterData"]["current"]);
    assert_shown(&shop.get("/products/key=p1").await["masterData"]["staged"]);
    assert_shown(&shop.get("/products").await["results"][0]["masterData"]["current"]);
    assert_shown(&shop.get("/product-projections/key=p1").await);
    assert_shown(&shop.get("/product-projections?staged=true").await["results"][0]);
    let rename = json!([{"action": "changeName", "name": {"en": "new"}}]);
    assert_shown(&shop.update("/products/key=p1", rename).await["masterData"]["staged"]);
    // Messages hold the stored form.
    assert!(!shop.heard.messages().await.iter().any(|message| message.to_string().contains("availability")));
}
