module kkv.example/cluster/pause

go 1.26.0
