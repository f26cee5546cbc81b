use super::*;

#[track_caller]
fn sound(text: &str) -> Vec<Node> {
    let (documents, faults) = parse(text);
    assert!(faults.is_empty(), "{faults:?}");
    documents
}

/// The tree as JSON, each scalar with the text it was made of.
fn outline(node: &Node, text: &str) -> String {
    let at = &text[node.span.clone()];
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(number) => number.clone(),
        Kind::Text(value) => format!("{value:?}<{at}>"),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| outline(item, text)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| {
                    assert_eq!(text[key.span.clone()].trim_matches(['"', '\'']), key.text);
                    format!("{}: {}", key.text, outline(value, text))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

#[test]
fn values_keep_their_places_also_after_letters_of_several_bytes() {
    let text = "name: Zoë # ë\r\nlist: [é, \"b\", 1.50]\r\nmap:\r\n  - { a: ~, b: yes, c: true }\r\n  - 'it''s'\r\n";
    let documents = sound(text);
    let [document] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!(
        outline(document, text),
        "{name: \"Zoë\"<Zoë>, list: [\"é\"<é>, \"b\"<\"b\">, 1.50], map: [{a: null, b: \
         \"yes\"<yes>, c: true}, \"it's\"<'it''s'>]}"
    );
    let Kind::Map(members) = &document.kind else { panic!() };
    let Kind::List(items) = &members[2].1.kind else { panic!() };
    assert_eq!(&text[items[0].span.clone()], "{ a: ~, b: yes, c: true }");
}

#[test]
fn a_file_may_have_several_documents_or_none() {
    assert_eq!(sound("a: 1\n---\nb: 2\n").len(), 2);
    assert!(sound("").is_empty());
    assert!(sound("# nothing yet\n").is_empty());
}

#[test]
fn numbers_are_those_of_json() {
    for text in ["0", "-1", "1.50", "1e3"] {
        assert_eq!(plain(text), Kind::Number(text.to_owned()));
    }
    for text in ["01", "+1", ".5", "1_000", "0x1f", ".inf", "2026-01-01", "1 2", "-"] {
        assert_eq!(plain(text), Kind::Text(text.to_owned()));
    }
}

#[track_caller]
fn fault(text: &str) -> (String, String) {
    let (_, faults) = parse(text);
    let fault = faults.first().unwrap();
    (fault.message.clone(), text[fault.span.clone()].to_owned())
}

#[test]
fn what_could_unfold_is_refused() {
    assert_eq!(fault("a: &x [1]\nb: *x").0, "an anchor is not taken here");
    assert_eq!(fault("a: *x").0, "this is not YAML: while parsing node, found unknown anchor");
    assert_eq!(fault("a: !!str 1").0, "a tag is not taken here");
    assert_eq!(fault("[a]: 1").0, "a name must be a text");
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(fault(&deep(17)).0, "this nests deeper than 16 levels");
    assert_eq!(sound(&deep(16)).len(), 1);
    // The parser has a bound of its own.
    assert_eq!(fault(&deep(5_000)).0, "this is not YAML: recursion limit exceeded");
    let many = format!("[{}]", "1,".repeat(60_000));
    assert_eq!(fault(&many).0, "the file has more than 50000 values");
    let (documents, faults) = parse(&" ".repeat(BYTES_MAX + 1));
    assert!(documents.is_empty() && faults.len() == 1);
}

#[test]
fn a_name_that_stands_twice_is_a_mistake_and_what_is_no_yaml_is_told_with_its_place() {
    assert_eq!(fault("a: 1\nb: 2\na: 3"), ("`a` stands twice".to_owned(), "a".to_owned()));
    assert!(fault("a: 1\n b: 2").0.starts_with("this is not YAML: "), "{:?}", fault("a: 1\n b: 2"));
}
