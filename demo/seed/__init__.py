"""The demo data, part by part. Real communes and populations; everybody and everything else invented."""
