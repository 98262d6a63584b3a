-- Founders of clusters at whose border an edge had to be cut.
select founder_no from disputed_cluster
