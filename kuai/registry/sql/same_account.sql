-- Contact points are the same when kind and token are the same (tokens are keyed for the zone, so no number is read
-- here); the first naming of each founds it.
select mention_no, delivery_no, cluster_no, mentions, case when mention_no = cluster_no then mention_key end as cluster_key
from (
    select mention_no, delivery_no, mention_key,
           min(mention_no) over (partition by kind, account_token) as cluster_no,
           count(*) over (partition by kind, account_token) as mentions
    from numbered_account
) as counted
