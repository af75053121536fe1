using Metering.Contracts;
using Metering.Gateway.Routing;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>
/// A ledger as a Parquet file: the silo that has the account writes it, and it is taken from there part by part as the caller takes it from here. One part is in memory at a time.
/// </summary>
internal sealed class LedgerFileResponse(GrainRouter router)
{
    public const string ContentType = "application/vnd.apache.parquet";
    private const string Damaged = "Metering-Damaged";

    /// <summary>Names in the header: it must fit into what clients take.</summary>
    private const int MaxDamaged = 20;

    public async Task Write(HttpContext context, string account, LedgerRequest request)
    {
        var answer = await router.OpenLedgerFile(account, request);
        if (answer.Reply is not { } file)
        {
            JsonResponse.WriteProblem(context, answer.Refusal!);
            return;
        }

        try
        {
            context.Response.ContentType = ContentType;
            context.Response.ContentLength = file.Length;
            if (file.Damaged.Count > 0)
            {
                context.Response.Headers[Damaged] = string.Join(", ", file.Damaged.Take(MaxDamaged)) + (file.Damaged.Count > MaxDamaged ? ", and more" : "");
            }

            await Write(context, account, file);
        }
        finally
        {
            await router.CloseLedgerFile(account, file.Id);
        }
    }

    private async Task Write(HttpContext context, string account, LedgerFile file)
    {
        for (var written = 0L; written < file.Length;)
        {
            var part = await router.ReadLedgerFile(account, file.Id, written);
            if (part.Reply is not { Bytes: { IsEmpty: false } bytes })
            {
                // Half a file must not look like a whole one.
                context.Abort();
                return;
            }

            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
            written += bytes.Length;
        }
    }
}
