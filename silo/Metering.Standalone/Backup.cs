using System.Globalization;
using Metering.Contracts.Settings;
using Metering.Grains.Journal;
using Metering.Ledger.Archiving;
using Metering.Ledger.Segments;
using Metering.Silo.Storage.Embedded;

namespace Metering.Standalone;

/// <summary>
/// A copy of a data directory whose server goes on charging: <c>backup DIRECTORY</c>. A server that starts on the copy is as the original was at one instant of the
/// copying: everything acknowledged before the command began is there, and nothing after.
/// </summary>
internal static class Backup
{
    internal const string Command = "backup";

    /// <summary>A trim in the midst of the copying makes it begin again. It takes one that falls between two steps, so the second try about always ends well.</summary>
    private const int MaxTries = 10;

    /// <summary>Until it is whole, the copy has a name that nobody takes for a backup.</summary>
    private const string Unfinished = ".unfinished";

    /// <summary>Copies and says where to.</summary>
    /// <param name="args"><c>backup</c>, the directory to create, and then settings as for a start.</param>
    /// <param name="cancellationToken">Ends it; what was copied stays under its unfinished name.</param>
    /// <returns>The exit code: 0, or 1 after a line that says what is in the way.</returns>
    internal static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        try
        {
            await Console.Out.WriteLineAsync(await CopyAsync(args, cancellationToken));
            return 0;
        }
        catch (Exception failure) when (failure is SettingsException or JournalStoreException or LedgerStoreException)
        {
            await Console.Error.WriteLineAsync($"No backup was made: {failure.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }

    private static async Task<string> CopyAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args.Length < 2 || args[1].StartsWith('-'))
        {
            throw new SettingsException($"{Command} needs the directory to create: {Command} DIRECTORY.");
        }

        var configuration = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args[2..], ContentRootPath = AppContext.BaseDirectory }).Configuration;
        var source = StandaloneSettings.From(configuration).DataDirectory;
        var target = Path.GetFullPath(args[1]);
        if (Directory.Exists(target) || File.Exists(target))
        {
            throw new SettingsException($"'{target}' is there already. A backup is a directory of its own: name one that is not there.");
        }

        try
        {
            await MakeAsync(source, target + Unfinished, cancellationToken);
            Directory.Move(target + Unfinished, target);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new JournalStoreException($"The backup '{target}' cannot be written: {fault.Message}", fault);
        }

        return $"Copied {Path.GetFullPath(source)} to {target}.";
    }

    private static async Task MakeAsync(string source, string target, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            Directory.CreateDirectory(target);
            if (await TryMakeAsync(source, target, cancellationToken))
            {
                return;
            }
        }

        throw new JournalStoreException(
            string.Create(CultureInfo.InvariantCulture, $"The journal was trimmed while it was copied, {MaxTries} times. Try again when less is charged, or with a longer Metering__CheckpointInterval."));
    }

    private static async Task<bool> TryMakeAsync(string source, string target, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(source, StandaloneHost.LedgerFolder);
        if (!Directory.Exists(folder))
        {
            StoreCopy.Make(source, target);
            return true;
        }

        var ledger = await LedgerCopy.BeginAsync(folder, Path.Combine(target, StandaloneHost.LedgerFolder), cancellationToken);
        var logs = StoreCopy.Make(source, target);
        return !await WasTrimmedAsync(ledger, logs, folder, cancellationToken) && await ledger.TryCopySegmentsAsync(cancellationToken);
    }

    /// <summary>Whether records that the copied ledger does not have are not in the copied journal either, though the original has them.</summary>
    private static async Task<bool> WasTrimmedAsync(LedgerCopy ledger, IReadOnlyList<CopiedLog> logs, string folder, CancellationToken cancellationToken)
    {
        var behind = logs.Select(log => (log.Extent.First, Partition: PartitionLog.NumberOf(log.Name)))
            .Where(log => log is { First: > 0, Partition: >= 0 } && log.First > ledger.ProgressOf(log.Partition).Record + 1)
            .ToList();
        if (behind.Count == 0)
        {
            return false;
        }

        // A ledger that is switched off stays behind for good, and the original lacks the same.
        var now = await LedgerCopy.ProgressOfAsync(folder, behind.Select(static log => log.Partition), cancellationToken);
        return behind.Exists(log => now[log.Partition] != ledger.ProgressOf(log.Partition));
    }
}
