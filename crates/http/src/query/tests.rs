//! How query strings are read, and which are not.

use underpin_rules::LiteralText;
use underpin_schema::ModelId;

use super::*;

fn parse(query: &str) -> Result<Query<'_>, (Code, Option<String>)> {
    Query::parse(Some(query), Takes::List, &Limits::default())
        .map_err(|error| (error.code(), error.details().parameter.clone()))
}

fn request(query: &str) -> Result<ReadRequest, Code> {
    let query = parse(query).map_err(|(code, _)| code)?;
    query.request(Target::List(ModelId(0)), &Limits::default()).map_err(|error| error.code())
}

fn shape(query: &str) -> Vec<u8> {
    let mut out = Vec::new();
    parse(query).unwrap().split(&mut out, &mut SmallVec::new()).unwrap();
    out
}

fn values(query: &str) -> Vec<(String, String)> {
    let query = parse(query).unwrap();
    let mut out = SmallVec::new();
    query.split(&mut Vec::new(), &mut out).unwrap();
    out.iter()
        .map(|value| match value {
            RawText::Query { text, parameter } => ((*parameter).to_owned(), (*text).to_owned()),
            RawText::Literal(LiteralText::Number(text) | LiteralText::Text(text, _)) => {
                ("filter".to_owned(), (*text).to_owned())
            }
            RawText::Key(_) => panic!("a query string holds no key"),
        })
        .collect()
}

#[track_caller]
fn check_refused(query: &str, code: Code, parameter: &str) {
    let error = parse(query).err().unwrap_or_else(|| panic!("`{query}` was read"));
    assert_eq!(error, (code, Some(parameter.to_owned())), "{query}");
}

#[test]
fn conditions_keep_their_order_and_their_values() {
    let query = "category=books&price%5Bgte%5D=10&status[in]=PAID%2CSHIPPED&customer.name[ne]=a+b";
    let request = request(query).unwrap();
    let conditions: Vec<_> = request
        .conditions
        .iter()
        .map(|condition| (condition.path.as_str(), condition.operator, condition.n_values))
        .collect();
    assert_eq!(
        conditions,
        [
            ("category", Operator::Eq, 1),
            ("price", Operator::Gte, 1),
            ("status", Operator::In, 2),
            ("customer.name", Operator::Ne, 1),
        ]
    );
    let expected = [
        ("category", "books"),
        ("price[gte]", "10"),
        ("status[in]", "PAID"),
        ("status[in]", "SHIPPED"),
        ("customer.name[ne]", "a b"),
    ];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(values(query), expected);
}

#[test]
fn selection_sort_and_paging_are_read() {
    let request =
        request("fields=id,name&include=items.product&sort=-createdAt,name&limit=5&page=2");
    let request = request.unwrap();
    assert_eq!(request.fields, Some(vec!["id".to_owned(), "name".to_owned()]));
    assert_eq!(request.include, ["items.product"]);
    let sort: Vec<_> = request.sort.iter().map(|key| (&*key.path, key.descending)).collect();
    assert_eq!(sort, [("createdAt", true), ("name", false)]);
    assert_eq!(request.page, PageRequest { paging: Paging::Offset, count: true });
}

#[test]
fn a_cursor_says_which_way_it_leads() {
    let paging = |query: &str| request(query).unwrap().page.paging;
    assert_eq!(paging("cursor=nabc"), Paging::After);
    assert_eq!(paging("cursor=pabc"), Paging::Before);
    assert_eq!(paging(""), Paging::First);
    check_refused("cursor=xabc", Code::InvalidCursor, "cursor");
    check_refused("cursor=", Code::InvalidCursor, "cursor");
    check_refused("cursor=nabc&page=1", Code::InvalidParameter, "page");
}

#[test]
fn queries_share_a_shape_when_they_differ_in_values_alone() {
    assert_eq!(shape("name=a&limit=3"), shape("limit=7&name=b"));
    assert_eq!(shape("cursor=nabc"), shape("cursor=nxyz"));
    assert_eq!(shape("price[in]=1,2"), shape("price[in]=3,4"));
    let different = [
        "name=a",
        "name[ne]=a",
        "namea=a",
        "name=a&price=1",
        "price=1&name=a",
        "sort=name",
        "fields=name",
        "include=name",
        "name[in]=a",
        "name[in]=a,b",
        "cursor=n1",
        "cursor=p1",
        "page=1",
        "count=exact",
        "",
    ];
    for (at, left) in different.iter().enumerate() {
        for right in &different[at + 1..] {
            assert_ne!(shape(left), shape(right), "{left} / {right}");
        }
    }
}

#[test]
fn a_field_named_like_a_parameter_is_reached_with_an_operator() {
    assert_eq!(values("limit[eq]=7"), [("limit[eq]".to_owned(), "7".to_owned())]);
    assert_eq!(request("sort[eq]=x&sort=name").unwrap().conditions[0].path, "sort");
}

#[test]
fn unknown_and_repeated_parameters_are_refused() {
    check_refused("price[between]=1", Code::UnknownParameter, "price[between]");
    check_refused("price[gte=1", Code::UnknownParameter, "price[gte");
    check_refused("price[]=1", Code::UnknownParameter, "price[]");
    check_refused("where[a][b]=1", Code::UnknownParameter, "where[a][b]");
    check_refused("[eq]=1", Code::UnknownParameter, "[eq]");
    check_refused("\"a\".\"b\"=1", Code::UnknownParameter, "\"a\".\"b\"");
    check_refused("a..b=1", Code::UnknownParameter, "a..b");
    check_refused("$where=1", Code::UnknownParameter, "$where");
    check_refused("price=1&price=2", Code::InvalidParameter, "price");
    check_refused("price=1&price[eq]=2", Code::InvalidParameter, "price[eq]");
    check_refused("sort=a&sort=b", Code::InvalidParameter, "sort");
    check_refused("limit=1&limit=1", Code::InvalidParameter, "limit");
    check_refused("count=exact&count=exact", Code::InvalidParameter, "count");
}

#[test]
fn paths_take_no_parameters_but_their_own() {
    let limits = Limits::default();
    let code = |query, takes| {
        Query::parse(Some(query), takes, &limits).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(code("fields=id&include=a", Takes::Selection), Ok(()));
    for query in ["sort=a", "limit=1", "name=a", "filter=a"] {
        assert_eq!(code(query, Takes::Selection), Err(Code::UnknownParameter), "{query}");
    }
    assert_eq!(code("", Takes::Nothing), Ok(()));
    assert_eq!(code("fields=id", Takes::Nothing), Err(Code::UnknownParameter));
}

#[test]
fn numbers_out_of_bounds_are_refused() {
    for text in ["0", "-1", "1e9", "1000000000", "101", "+1", "%2B1", "", "%201", "99999999999"] {
        check_refused(&format!("limit={text}"), Code::InvalidParameter, "limit");
    }
    assert_eq!(parse("limit=100").unwrap().limit, Some(100));
    for text in ["0", "-1", "1.0", "1e2", "1000000000000"] {
        check_refused(&format!("page={text}"), Code::InvalidParameter, "page");
    }
    check_refused("page=502", Code::InvalidParameter, "page");
    assert!(parse("page=501").is_ok());
    check_refused("count=all", Code::InvalidParameter, "count");
}

#[test]
fn too_many_conditions_or_values_are_refused() {
    let many: Vec<String> = (0..51).map(|n| format!("f{n}=1")).collect();
    check_refused(&many.join("&"), Code::QueryTooComplex, "f50");
    assert!(parse(&many[..50].join("&")).is_ok());
    let list = vec!["1"; 501].join(",");
    check_refused(&format!("a[in]={list}"), Code::QueryTooComplex, "a[in]");
    assert!(parse(&format!("a[nin]={}", &list[2..])).is_ok());
}

#[test]
fn malformed_encodings_are_refused() {
    for value in ["%", "%2", "%zz", "%ff", "%c0%af", "%ed%a0%80", "a%00b"] {
        check_refused(&format!("name={value}"), Code::InvalidParameter, "name");
        assert_eq!(parse(&format!("{value}=1")).err(), Some((Code::InvalidParameter, None)));
    }
}

#[test]
fn lists_of_names_hold_names_alone() {
    for query in
        ["sort=id;drop", "sort=", "sort=a,,b", "sort=--a", "sort=a,-a", "sort=+a", "sort=a%20"]
    {
        assert_eq!(request(query).err(), Some(Code::InvalidParameter), "{query}");
    }
    for query in ["fields=", "fields=a,", "fields=a,a", "include=a b", "include=a.", "fields=*"] {
        assert_eq!(request(query).err(), Some(Code::InvalidParameter), "{query}");
    }
}

#[test]
fn the_literals_of_a_filter_come_after_the_conditions() {
    let query = "filter=price+%3E+10+%26%26+name+%3D%3D+'a'&stock[gt]=3";
    let expected = [("stock[gt]", "3"), ("filter", "10"), ("filter", "a")];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(values(query), expected);
    assert_eq!(shape(query), shape("filter=price>7%26%26name=='b'&stock[gt]=1"));
    assert_ne!(shape(query), shape("filter=price<7%26%26name=='b'&stock[gt]=1"));
    assert!(request(query).unwrap().filter.is_some());
}

#[test]
fn a_filter_that_does_not_parse_is_refused() {
    check_refused("filter=", Code::InvalidParameter, "filter");
    assert_eq!(request("filter=price+%3E").err(), Some(Code::InvalidFilter));
    let scanned = |text: &str| {
        let query = format!("filter={text}");
        let query = parse(&query).unwrap();
        query.split(&mut Vec::new(), &mut SmallVec::new()).map_err(|error| error.code())
    };
    assert_eq!(scanned("'open"), Err(Code::InvalidFilter));
    assert_eq!(scanned("a == 1; drop"), Err(Code::InvalidFilter));
}
