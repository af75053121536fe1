using CsCheck;
using Metering.Grains.Journal;

namespace Metering.Storage.Tests;

/// <summary>How every store lists the accounts that have a snapshot.</summary>
public abstract class AccountIndexSuite : IAsyncLifetime
{
    protected const string IdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

    private static readonly string[] Accounts = ["b", "a-2", "B", "a_1", "a", "a-10", "a-1", "ab"];
    private static readonly string[] Ordered = ["B", "a", "a-1", "a-10", "a-2", "a_1", "ab", "b"];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Few characters and those next to each other in the order, so that ids are often prefixes of others.
    protected static Gen<string> Id => Gen.Frequency(
        (3, Gen.Char["-.09:A_a"].Array[1, 5]),
        (1, Gen.Char[IdCharacters].Array[1, 128])).Select(characters => new string(characters));

    protected IAccountIndex Index { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Index = await OpenIndexAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseIndexAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Accounts_are_listed_in_ordinal_order_each_once_however_often_its_snapshot_was_written()
    {
        await AddAllAsync(Accounts);
        await AddAsync("a");

        Assert.Equal(Ordered, await Index.ListAsync("", "", 100, Cancel));
    }

    [Fact]
    public async Task A_list_has_what_starts_with_the_prefix_and_comes_after()
    {
        (string Prefix, string After, string[] Expected)[] lists =
        [
            ("a-", "", ["a-1", "a-10", "a-2"]),
            ("a-", "a-1", ["a-10", "a-2"]),
            ("a-", "a-11", ["a-2"]),
            ("a-", "a-2", []),
            ("a-", "B", ["a-1", "a-10", "a-2"]),
            ("a-", "b", []),
            ("a-1", "", ["a-1", "a-10"]),
            ("a", "a", ["a-1", "a-10", "a-2", "a_1", "ab"]),
            ("", "ab", ["b"]),
            ("c", "", []),
        ];
        await AddAllAsync(Accounts);

        foreach (var (prefix, after, expected) in lists)
        {
            Assert.Equal((prefix, after, string.Join(' ', expected)), (prefix, after, string.Join(' ', await Index.ListAsync(prefix, after, 100, Cancel))));
        }
    }

    [Fact]
    public async Task Pages_put_together_are_the_whole_list()
    {
        await AddAllAsync(Accounts);
        var all = new List<string>();
        IReadOnlyList<string> page;
        do
        {
            page = await Index.ListAsync("", all.LastOrDefault(""), 3, Cancel);
            Assert.InRange(page.Count, 0, 3);
            all.AddRange(page);
        }
        while (page.Count == 3);

        Assert.Equal(Ordered, all);
    }

    [Fact]
    public async Task Accounts_that_look_like_numbers_are_in_order_of_their_letters()
    {
        await AddAllAsync(["09", "0A", "9", "10", "0_", "-1"]);

        Assert.Equal(["0A", "0_"], await Index.ListAsync("0", "09", 10, Cancel));
        Assert.Equal(["09", "0A", "0_", "10", "9"], await Index.ListAsync("", "-1", 10, Cancel));
    }

    [Fact]
    public Task Any_page_of_any_accounts_is_what_sorting_them_gives()
    {
        // Pages from ids there are and ids there are not, with prefixes of some.
        var page = Gen.Select(Id, Gen.Int[0, 149], Gen.Int[0, 149], Gen.Int[0, 3], Gen.Int[1, 60]);
        return Gen.Select(Id.HashSet[150], page.List[150]).SampleAsync(
            async (ids, pages) =>
            {
                await AddAllAsync(ids);
                var sorted = ids.Order(StringComparer.Ordinal).ToList();
                Assert.Equal(sorted, await Index.ListAsync("", "", 1_000, Cancel));
                foreach (var (stranger, known, of, length, limit) in pages)
                {
                    var after = length == 3 ? stranger : sorted[known];
                    var prefix = sorted[of][..Math.Min(length, sorted[of].Length)];
                    var expected = sorted.Where(id => id.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(id, after) > 0).Take(limit);
                    Assert.Equal(expected, await Index.ListAsync(prefix, after, limit, Cancel));
                }
            },
            iter: 1,
            threads: 1);
    }

    [Fact]
    public async Task A_list_of_no_accounts_is_a_bug_of_the_caller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Index.ListAsync("", "", 0, Cancel));

    /// <summary>An index without accounts.</summary>
    protected abstract Task<IAccountIndex> OpenIndexAsync();

    protected abstract Task CloseIndexAsync();

    /// <summary>Does what makes the store list an account: its first snapshot, or word of it.</summary>
    protected abstract Task AddAsync(string account);

    private Task AddAllAsync(IEnumerable<string> accounts) => Task.WhenAll(accounts.Select(AddAsync));
}
