using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Storage.Tests;

/// <summary>What every store of snapshots keeps.</summary>
public abstract class GrainStorageSuite : IAsyncLifetime
{
    protected const string StateName = "account";

    /// <summary>Services with Orleans' serializer, to build a storage from.</summary>
    protected ServiceProvider Services { get; } = new ServiceCollection().AddSerializer().BuildServiceProvider();

    protected IGrainStorage Storage { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync() => Storage = await OpenStorageAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await CloseStorageAsync();
        await Services.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_state_never_written_reads_as_new()
    {
        var state = new GrainState<Snapshot> { State = new Snapshot { Name = "left over" }, ETag = "stale", RecordExists = true };

        await Storage.ReadStateAsync(StateName, Account("never"), state);

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Equal("", state.State.Name);
    }

    [Fact]
    public async Task A_state_is_read_back_as_it_was_written_also_after_a_restart()
    {
        var account = Account("acme");
        var written = await WriteNewAsync(account, "Acme", RandomNumberGenerator.GetBytes(300));
        Assert.True(written.RecordExists);
        Assert.NotNull(written.ETag);

        await AssertStoredAsync(account, written);
        await CloseStorageAsync();
        Storage = await OpenStorageAsync();
        await AssertStoredAsync(account, written);
    }

    [Fact]
    public async Task A_state_of_a_megabyte_is_kept_and_replaced_by_a_small_one()
    {
        var account = Account("large");
        var state = await WriteNewAsync(account, "large", RandomNumberGenerator.GetBytes(1 << 20));
        await AssertStoredAsync(account, state);

        state.State = new Snapshot { Name = "small", Bytes = [1] };
        await Storage.WriteStateAsync(StateName, account, state);

        await AssertStoredAsync(account, state);
    }

    [Fact]
    public async Task Each_write_has_an_etag_of_its_own()
    {
        var account = Account("etags");
        var state = await WriteNewAsync(account, "one", []);
        var first = state.ETag;

        await Storage.WriteStateAsync(StateName, account, state);

        Assert.NotEqual(first, state.ETag);
    }

    [Fact]
    public async Task A_writer_with_an_old_etag_is_refused_and_changes_nothing()
    {
        var account = Account("conflict");
        var winner = await WriteNewAsync(account, "first", []);
        var loser = await ReadStateAsync(account);
        winner.State = new Snapshot { Name = "second" };
        await Storage.WriteStateAsync(StateName, account, winner);
        var staleETag = loser.ETag;

        loser.State = new Snapshot { Name = "overwritten" };
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync(StateName, account, loser));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync(StateName, account, loser));

        Assert.Equal(staleETag, loser.ETag);
        await AssertStoredAsync(account, winner);
    }

    [Fact]
    public async Task A_writer_that_has_seen_no_state_is_refused_where_there_is_one()
    {
        var account = Account("taken");
        var winner = await WriteNewAsync(account, "first", []);
        var newcomer = new GrainState<Snapshot> { State = new Snapshot { Name = "newcomer" } };

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync(StateName, account, newcomer));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync(StateName, account, newcomer));

        await AssertStoredAsync(account, winner);
    }

    [Fact]
    public async Task A_cleared_state_reads_as_new_and_can_be_written_again()
    {
        var account = Account("cleared");
        var state = await WriteNewAsync(account, "first", []);

        await Storage.ClearStateAsync(StateName, account, state);

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.False((await ReadStateAsync(account)).RecordExists);
        state.State = new Snapshot { Name = "again" };
        await Storage.WriteStateAsync(StateName, account, state);
        await AssertStoredAsync(account, state);
    }

    [Fact]
    public async Task Clearing_what_was_never_written_is_no_fault()
    {
        var state = new GrainState<Snapshot> { State = new Snapshot() };

        await Storage.ClearStateAsync(StateName, Account("nothing"), state);

        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task An_activation_that_slept_through_clearing_and_writing_anew_is_refused()
    {
        var account = Account("reborn");
        var state = await WriteNewAsync(account, "first life", []);
        var sleeper = await ReadStateAsync(account);
        await Storage.ClearStateAsync(StateName, account, state);
        state.State = new Snapshot { Name = "second life" };
        await Storage.WriteStateAsync(StateName, account, state);

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync(StateName, account, sleeper));

        await AssertStoredAsync(account, state);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("A")]
    [InlineData("a b/c\\d?e#f%g")]
    [InlineData("it's \"quoted\"; --")]
    [InlineData("ütf-8 💳")]
    [InlineData("line\nbreak\0nul")]
    [InlineData("../../etc")]
    public async Task Odd_keys_are_kept_apart(string key)
    {
        var written = await WriteNewAsync(Account(key), key, []);
        var other = await WriteNewAsync(Account(key + "x"), "other", []);

        await AssertStoredAsync(Account(key), written);
        await AssertStoredAsync(Account(key + "x"), other);
    }

    [Fact]
    public async Task States_of_other_names_and_grain_types_are_kept_apart()
    {
        var account = Account("same");
        var card = GrainId.Create("ratecard", "same");
        var first = await WriteNewAsync(account, "account", []);
        var second = new GrainState<Snapshot> { State = new Snapshot { Name = "other state" } };
        var third = new GrainState<Snapshot> { State = new Snapshot { Name = "other type" } };

        await Storage.WriteStateAsync("settings", account, second);
        await Storage.WriteStateAsync(StateName, card, third);

        await AssertStoredAsync(account, first);
        await AssertStoredAsync(card, third);
    }

    [Fact]
    public async Task Of_many_writers_with_one_etag_exactly_one_wins()
    {
        var account = Account("race");
        var state = await WriteNewAsync(account, "start", []);
        var etag = state.ETag;

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var mine = new GrainState<Snapshot> { State = new Snapshot { Name = $"writer {writer}" }, ETag = etag, RecordExists = true };
            try
            {
                await Storage.WriteStateAsync(StateName, account, mine);
                return mine;
            }
            catch (InconsistentStateException)
            {
                return null;
            }
        })));

        await AssertStoredAsync(account, Assert.Single(results.OfType<GrainState<Snapshot>>()));
    }

    [Fact]
    public async Task Many_accounts_are_written_at_once()
    {
        var states = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => WriteNewAsync(Account($"many-{n}"), $"account {n}", new byte[n])));

        for (var n = 0; n < states.Length; n++)
        {
            await AssertStoredAsync(Account($"many-{n}"), states[n]);
        }
    }

    /// <summary>Opens the storage over the same data as before.</summary>
    protected abstract Task<IGrainStorage> OpenStorageAsync();

    protected abstract Task CloseStorageAsync();

    protected static GrainId Account(string key) => GrainId.Create("account", key);

    protected async Task<GrainState<Snapshot>> WriteNewAsync(GrainId grain, string name, byte[] bytes)
    {
        var state = new GrainState<Snapshot> { State = new Snapshot { Name = name, Bytes = bytes } };
        await Storage.WriteStateAsync(StateName, grain, state);
        return state;
    }

    protected async Task<GrainState<Snapshot>> ReadStateAsync(GrainId grain)
    {
        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await Storage.ReadStateAsync(StateName, grain, state);
        return state;
    }

    private async Task AssertStoredAsync(GrainId grain, GrainState<Snapshot> expected)
    {
        var stored = await ReadStateAsync(grain);
        Assert.True(stored.RecordExists, $"{grain} is not stored.");
        Assert.Equal(expected.ETag, stored.ETag);
        Assert.Equal(expected.State!.Name, stored.State!.Name);
        Assert.Equal(expected.State.Bytes, stored.State.Bytes);
    }
}

/// <summary>A state to store.</summary>
[GenerateSerializer, Alias("metering.tests.Snapshot")]
public sealed class Snapshot
{
    [Id(0)] public string Name { get; set; } = "";

    [Id(1)] public byte[] Bytes { get; set; } = [];
}
