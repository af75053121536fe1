using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests;

public sealed class ExportTests : IDisposable
{
    /// <summary>More digits than a double has; the last ones would be others.</summary>
    private const decimal Large = 12345678901234567.123456789m;

    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    [Theory]
    [InlineData("all.csv")]
    [InlineData("all.json")]
    public async Task Amounts_of_an_exported_file_have_all_their_digits(string name)
    {
        var row = new LedgerRow
        {
            Account = "acme",
            Sequence = 9_007_199_254_740_993,
            Line = 0,
            At = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero).AddTicks(1),
            Kind = EntryKind.Charged,
            Quantity = Quantity.From(Large),
            Credits = Credits.From(-Large),
            Balance = Credits.From(Large),
            Available = Credits.From(0.000000001m),
            Burned = [new Burn("plan", Credits.From(Large))],
        };
        await Ledgers.PutAsync(_folder.Path, _writer, [row], Token);
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(_folder.Path));
        var file = Path.Combine(_folder.Path, name);
        await reader.ExportAsync(file, null, Token);

        var text = await File.ReadAllTextAsync(file, Token);
        Assert.True(text.Split("12345678901234567.123456789").Length == 5, text);
        Assert.Contains("-12345678901234567.123456789", text, StringComparison.Ordinal);
        Assert.Contains("0.000000001", text, StringComparison.Ordinal);
        Assert.Contains("9007199254740993", text, StringComparison.Ordinal);
        Assert.Equal(name == "all.json", text.Contains("\"12345678901234567.123456789\"", StringComparison.Ordinal));
        Assert.Contains("2026-03-10 12:00:00.0000001", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("all.csv")]
    [InlineData("all.json")]
    public async Task An_exported_file_says_what_was_available_also_where_segments_leave_it_out(string name)
    {
        var row = new LedgerRow
        {
            Account = "acme",
            Sequence = 1,
            Line = 0,
            At = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero),
            Kind = EntryKind.Closed,
            Balance = Credits.From(77.5m),
            Available = Credits.From(77.5m),
        };
        await Ledgers.PutAsync(_folder.Path, _writer, [row], Token);
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(_folder.Path));
        var file = Path.Combine(_folder.Path, name);
        await reader.ExportAsync(file, null, Token);
        Assert.Equal(3, (await File.ReadAllTextAsync(file, Token)).Split("77.500000000").Length);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
