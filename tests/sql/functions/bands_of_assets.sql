SELECT plan(2);
SELECT is(
    bands_of_assets('{
        "assets": [
            {"band": "B04"}, {"band": "SCL"}, {"band": "CLDPRB"}, {"band": "SNWPRB"},
            {"band": "MSK_CLASSI"}
        ]
    }'),
    '["B04", "SCL"]', 'what every source tells'
);
SELECT is(
    bands_of_assets('{
        "assets": [], "radar": {"images": [{"polarisation": "VV"}, {"polarisation": "VH"}]}
    }'),
    '["VV", "VH"]', 'polarisations are bands of radar'
);
SELECT * FROM finish();
